//! `/control/v1/projects/{project}/members`

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::{project::Role, user::Access};

use crate::installation::{ApiResponse, Installation, request, with_json};

async fn with_users(installation: &Installation) -> [String; 2] {
    installation.project("physics").await;
    let ada = json!({ "email": "ada@example.org", "name": "Ada" });
    let grace = json!({ "email": "grace@example.org", "name": "Grace" });
    let ada = installation.post("/users", ada).await.made();
    [ada, installation.post("/users", grace).await.made()]
}

async fn add(installation: &Installation, user: &str, role: &str) -> ApiResponse {
    let body = json!({ "user": user, "role": role });
    installation.post("/projects/physics/members", body).await
}

fn shown(page: &ApiResponse) -> Vec<(&str, &str)> {
    let data = page.body["data"].as_array().unwrap_or_else(|| panic!("{page:?}")).iter();
    data.map(|row| (row["name"].as_str().unwrap_or("-"), row["role"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn members_are_added_by_id_or_address_and_listed_with_their_names() {
    let installation = Installation::start().await;
    let [ada, grace] = with_users(&installation).await;
    assert_eq!(add(&installation, &ada, "owner").await.body["version"], 2);
    let last = add(&installation, "Grace@example.org", "member").await;
    assert_eq!((last.status, &last.body["version"]), (200, &json!(3)), "{last:?}");
    assert_eq!(last.body["id"].as_str().unwrap()[..4], *"prj_");

    let page = installation.get_at("/projects/physics/members", &last).await;
    assert_eq!(shown(&page), [("Ada", "owner"), ("Grace", "member")]);
    assert_eq!(page.body["data"][1]["user"], grace);
    assert_eq!(page.body["data"][1]["email"], "grace@example.org");
    let owners = installation.get("/projects/physics/members?role=owner").await;
    assert_eq!(shown(&owners), [("Ada", "owner")]);
    let first = installation.get("/projects/physics/members?limit=1").await;
    let next = first.body["next"].as_str().unwrap();
    let rest = installation.get(&format!("/projects/physics/members?after={next}")).await;
    assert_eq!((shown(&first), shown(&rest)), (vec![("Ada", "owner")], vec![("Grace", "member")]));
    assert_eq!(installation.get("/projects/physics").await.body["members"], 2);
    let of_grace = installation.get("/projects?member=grace@example.org").await;
    assert_eq!(of_grace.body["data"][0]["name"], "physics");
}

#[tokio::test]
async fn only_a_user_that_there_is_becomes_a_member() {
    let installation = Installation::without_projector().await;
    let [ada, _] = with_users(&installation).await;
    add(&installation, "nobody@example.org", "member").await.problem(422, "unknown_user");
    let unknown = "usr_00000000000000000000000000000007";
    add(&installation, unknown, "member").await.problem(422, "unknown_user");
    installation.post(&format!("/users/{ada}/erase"), json!({})).await;
    add(&installation, &ada, "member").await.problem(422, "unknown_user");
    add(&installation, "grace@example.org", "boss").await.problem(400, "malformed");
    let project = json!({ "name": "optics", "owner": "nobody@example.org" });
    installation.post("/projects", project).await.problem(422, "unknown_user");
}

#[tokio::test]
async fn who_creates_a_project_for_somebody_names_its_owner() {
    let installation = Installation::start().await;
    with_users(&installation).await;
    let project = json!({ "name": "optics", "owner": "ada@example.org" });
    let created = installation.post("/projects", project).await;
    assert_eq!(created.status, 201, "{created:?}");
    let page = installation.get_at("/projects/optics/members", &created).await;
    assert_eq!(shown(&page), [("Ada", "owner")]);
}

#[tokio::test]
async fn a_member_is_added_once_and_then_changed() {
    let installation = Installation::without_projector().await;
    let [ada, _] = with_users(&installation).await;
    add(&installation, &ada, "member").await;
    assert_eq!(add(&installation, &ada, "member").await.body["version"], 2);
    add(&installation, &ada, "owner").await.problem(409, "rejected");
    let path = format!("/projects/physics/members/{ada}");
    let changed = installation.patch(&path, json!({ "role": "owner" })).await;
    assert_eq!((changed.status, &changed.body["version"]), (200, &json!(3)), "{changed:?}");
    let other = "/projects/physics/members/grace@example.org";
    installation.patch(other, json!({ "role": "owner" })).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_last_owner_is_neither_removed_nor_demoted() {
    let installation = Installation::without_projector().await;
    let [ada, grace] = with_users(&installation).await;
    add(&installation, &ada, "owner").await;
    add(&installation, &grace, "member").await;
    let path = |user: &str| format!("/projects/physics/members/{user}");
    let remove = |user: &str| installation.send(request(Method::DELETE, &path(user)).finish());
    let demote =
        async |user: &str| installation.patch(&path(user), json!({ "role": "member" })).await;
    remove(&ada).await.problem(409, "rejected");
    demote(&ada).await.problem(409, "rejected");

    let promoted = installation.patch(&path(&grace), json!({ "role": "owner" })).await;
    assert_eq!(promoted.status, 200, "{promoted:?}");
    assert_eq!(demote(&ada).await.status, 200);
    remove(&grace).await.problem(409, "rejected");
    assert_eq!(remove(&ada).await.status, 200);
    assert_eq!(remove(&ada).await.status, 200, "who is no member is removed already");
}

#[tokio::test]
async fn two_who_change_the_members_at_once_do_not_overwrite_each_other() {
    let installation = Installation::without_projector().await;
    let [ada, grace] = with_users(&installation).await;
    let version = installation.get("/projects/physics").await.header("ETag").to_owned();
    let add = |user: &str| {
        let post = request(Method::POST, "/projects/physics/members").header("If-Match", &version);
        installation.send(with_json(post, &json!({ "user": user })))
    };
    let (one, other) = tokio::join!(add(&ada), add(&grace));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(installation.get("/projects/physics").await.body["members"], 1);
}

#[tokio::test]
async fn an_erased_member_stays_in_the_list_as_an_id() {
    let installation = Installation::start().await;
    let [ada, _] = with_users(&installation).await;
    add(&installation, &ada, "owner").await;
    let erased = installation.post(&format!("/users/{ada}/erase"), json!({})).await;
    let page = installation.get_at("/projects/physics/members", &erased).await;
    assert_eq!(shown(&page), [("-", "owner")]);
    assert_eq!(
        (&page.body["data"][0]["user"], &page.body["data"][0]["email"]),
        (&json!(ada), &Value::Null)
    );
}

#[tokio::test]
async fn an_owner_runs_the_project_and_not_what_it_may_spend() {
    let installation = Installation::without_projector().await;
    let id = installation.project("physics").await;
    let owner = installation.user("owner", Access::None).await;
    let other = installation.user("other", Access::None).await;
    installation.member(&id, &owner, Role::Owner).await;
    let token = installation.token(&owner).await;
    let (path, members) = (format!("/projects/{id}"), format!("/projects/{id}/members"));
    let ask = async |method: Method, path: &str, body: Value| {
        installation.ask(&token, method, path, body).await
    };
    assert_eq!(ask(Method::PATCH, &path, json!({ "name": "optics" })).await.status, 200);
    let added = ask(Method::POST, &members, json!({ "user": other.email })).await;
    assert_eq!(added.status, 200, "{added:?}");
    let member = format!("{members}/{}", other.id);
    assert_eq!(ask(Method::PATCH, &member, json!({ "role": "owner" })).await.status, 200);
    assert_eq!(ask(Method::DELETE, &member, Value::Null).await.status, 200);

    let budget = json!({ "budget": { "amount": "1000000", "period": "day" } });
    ask(Method::PATCH, &path, budget).await.problem(403, "forbidden");
    let both = json!({ "name": "x", "limits": null });
    ask(Method::PATCH, &path, both).await.problem(403, "forbidden");
    for what in ["suspend", "resume", "close"] {
        ask(Method::POST, &format!("{path}/{what}"), json!({})).await.problem(403, "forbidden");
    }
    assert_eq!(installation.get(&path).await.body["name"], "optics");
}

#[tokio::test]
async fn a_member_sees_the_project_and_others_do_not_learn_that_it_is_there() {
    let installation = Installation::start().await;
    let (id, _) = (installation.project("physics").await, installation.project("secret").await);
    let member = installation.user("member", Access::None).await;
    installation.member(&id, &member, Role::Member).await;
    let token = installation.token(&member).await;
    let last = installation.patch("/projects/physics", json!({ "name": "optics" })).await;
    let members = format!("/projects/{id}/members");
    installation.get_at(&members, &last).await;
    let page = installation.read(&token, &members).await;
    assert_eq!(shown(&page), [("member", "member")]);
    let add = installation.ask(&token, Method::POST, &members, json!({ "user": "x@y" })).await;
    add.problem(403, "forbidden");

    installation.read(&token, "/projects/secret").await.problem(404, "not_found");
    installation.read(&token, "/projects/secret/members").await.problem(404, "not_found");
    installation.get_at("/projects", &last).await;
    let mine = installation.read(&token, "/projects").await;
    let mine: Vec<_> =
        mine.body["data"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(mine, ["optics"]);
    let others = installation.user("others", Access::None).await;
    let path = format!("/projects?member={}", others.id);
    installation.read(&token, &path).await.problem(404, "not_found");
}
