//! `/control/v1/users`

use poem::http::Method;
use serde_json::{Value, json};
use uplion_control::{Control, Options};
use uplion_domain::user::Access;
use uplion_projections::{
    table::Value::{BigInt, Null},
    users,
};

use crate::{
    installation::{ADMIN_KEY, ApiResponse, Installation, anonymous, request, with_json},
    people::{PASSWORD, Somebody},
};

fn ada() -> Value {
    json!({ "email": "Ada@Example.org", "name": "Ada Lovelace" })
}

async fn register(installation: &Installation, body: Value) -> String {
    installation.post("/users", body).await.made()
}

fn names(page: &ApiResponse) -> Vec<String> {
    let data = page.body["data"].as_array().unwrap_or_else(|| panic!("{page:?}")).iter();
    data.map(|user| user["name"].as_str().unwrap_or("-").to_owned()).collect()
}

/// All that were given for any change.
async fn reasons(installation: &Installation) -> Vec<String> {
    let events = installation.store.events.after(0, 100).await.unwrap();
    let ids: Vec<_> = events.iter().map(|stored| stored.event.id.clone()).collect();
    let notes = installation.store.people.notes(&ids).await.unwrap();
    notes.into_values().filter_map(|notes| notes.reason).collect()
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_address_however_that_is_spelled() {
    let installation = Installation::without_projector().await;
    let id = register(&installation, ada()).await;
    for path in [format!("/users/{id}"), "/users/ada@example.ORG".to_owned()] {
        let shown = installation.get(&path).await;
        assert_eq!((shown.status, shown.header("ETag")), (200, "\"1\""), "{shown:?}");
        assert_eq!((&shown.body["id"], &shown.body["name"]), (&json!(id), &json!("Ada Lovelace")));
        assert_eq!(shown.body["email"], "Ada@Example.org");
        let (access, sign_in) = (&shown.body["access"], &shown.body["sign_in"]);
        assert_eq!((access, sign_in), (&json!("none"), &json!("none")));
        assert_eq!(shown.body["status"], "active");
    }
    installation.get("/users/grace@example.org").await.problem(404, "not_found");
}

#[tokio::test]
async fn nothing_of_a_person_is_on_the_log_or_in_what_is_made_of_it() {
    let installation = Installation::start().await;
    let identity = json!({ "issuer": "https://canary.example.org", "subject": "canary-7" });
    let one =
        json!({ "email": "canary@example.org", "name": "Canary", "password": "canary canary" });
    let id = register(&installation, one).await;
    let other = json!({ "email": "canary2@example.org", "name": "Canary", "identity": identity });
    register(&installation, other).await;
    let path = format!("/users/{id}");
    let body =
        json!({ "name": "Canary Bird", "email": "canary3@example.org", "access": "auditor" });
    installation.patch(&path, body).await;
    let body = json!({ "password": "canary canary canary" });
    let last = installation.put(&format!("{path}/password"), body).await;
    assert_eq!((last.status, &last.body["version"]), (200, &json!(4)), "{last:?}");

    for stored in installation.store.events.after(0, 100).await.unwrap() {
        let event =
            format!("{:?} {}", stored.event, String::from_utf8_lossy(&stored.event.payload));
        assert!(!event.to_lowercase().contains("canary"), "{event}");
    }
    let listed = installation.get_at("/users", &last).await;
    assert_eq!(names(&listed), ["Canary Bird", "Canary"]);
    let parameters = [Null, Null, Null, Null, BigInt(10)];
    let rows = installation.store.rows.query(&users::LIST, &parameters).await;
    let rows = format!("{:?}", rows.unwrap());
    assert!(rows.contains(&id) && !rows.to_lowercase().contains("canary"), "{rows}");
}

#[tokio::test]
async fn no_two_users_have_one_address() {
    let installation = Installation::without_projector().await;
    register(&installation, ada()).await;
    let again = json!({ "email": " ada@example.org", "name": "Another" });
    installation.post("/users", again).await.problem(409, "taken");
    let grace = json!({ "email": "grace@example.org", "name": "Grace Hopper" });
    let grace = register(&installation, grace).await;
    let change = json!({ "email": "ADA@example.org" });
    installation.patch(&format!("/users/{grace}"), change).await.problem(409, "taken");
    assert_eq!(
        installation.get(&format!("/users/{grace}")).await.body["email"],
        "grace@example.org"
    );
}

#[tokio::test]
async fn what_cannot_be_a_person_is_rejected() {
    let installation = Installation::without_projector().await;
    let register = |change: Value| {
        let mut body = ada();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        installation.post("/users", body)
    };
    register(json!({ "email": "nobody" })).await.problem(422, "unusable_email");
    register(json!({ "name": " " })).await.problem(422, "unusable_name");
    register(json!({ "password": "short" })).await.problem(422, "unusable_password");
    let identity = json!({ "issuer": "http://example.org", "subject": "7" });
    register(json!({ "identity": identity })).await.problem(422, "unusable_identity");
    let both = json!({ "identity": { "issuer": "https://example.org", "subject": "7" }, "password": PASSWORD });
    register(both).await.problem(422, "rejected");
    register(json!({ "access": "root" })).await.problem(400, "malformed");
    assert_eq!(installation.store.events.head().await.unwrap(), 0);
}

#[tokio::test]
async fn what_changes_is_an_event_and_what_stays_is_none() {
    let installation = Installation::without_projector().await;
    let id = register(&installation, ada()).await;
    let path = format!("/users/{id}");
    let body = json!({ "name": "Ada King", "access": "admin" });
    let changed = installation.patch(&path, body.clone()).await;
    assert_eq!((changed.status, &changed.body["version"]), (200, &json!(3)), "{changed:?}");
    assert_eq!(installation.patch(&path, body).await.body["version"], 3);
    let shown = installation.get(&path).await.body;
    assert_eq!((&shown["name"], &shown["email"]), (&json!("Ada King"), &json!("Ada@Example.org")));
    assert_eq!(shown["access"], "admin");
    let change = request(Method::PATCH, &path).header("If-Match", "\"1\"");
    installation.send(with_json(change, &json!({ "name": "x" }))).await.problem(412, "changed");
    assert_eq!(installation.get(&path).await.body["name"], "Ada King");
}

#[tokio::test]
async fn a_user_is_registered_once_under_one_key_and_a_password_is_a_part_of_what_is_said() {
    let installation = Installation::without_projector().await;
    let register = |password: &str| {
        let mut body = ada();
        body["password"] = password.into();
        let post = request(Method::POST, "/users").header("Idempotency-Key", "one");
        installation.send(with_json(post, &body))
    };
    let (first, again) = (register(PASSWORD).await, register(PASSWORD).await);
    assert_eq!(first.made(), again.body["id"]);
    assert_eq!(again.body["repeated"], true, "{again:?}");
    register("another long password").await.problem(422, "idempotency_key_reused");
}

/// Whoever reads the database knows all that is in it, and guesses the keys that people give: of a command with a
/// password there is nothing to try passwords with, because what it is recognised by is made with the admin key too.
#[tokio::test]
async fn what_is_remembered_of_a_command_means_nothing_without_the_admin_key() {
    const OTHER: &str = "another-admin-key-for-tests";
    let installation = Installation::without_projector().await;
    let mut body = ada();
    body["password"] = PASSWORD.into();
    let register = |key| {
        let post = anonymous(Method::POST, "/users").header("Idempotency-Key", "one");
        with_json(post.header("Authorization", format!("Bearer {key}")), &body)
    };
    installation.send(register(ADMIN_KEY)).await.made();
    let (log, store) = (installation.log.clone(), installation.store.clone());
    let control = Control::start(Options::new(OTHER), log.clone(), store.clone()).unwrap();
    let other = Installation::over(log, store, control);
    other.send(register(OTHER)).await.problem(422, "idempotency_key_reused");
    assert_eq!(installation.send(register(ADMIN_KEY)).await.body["repeated"], true);
}

#[tokio::test]
async fn who_is_given_a_password_signs_in_with_it_but_not_who_signs_in_elsewhere() {
    let installation = Installation::without_projector().await;
    let id = register(&installation, ada()).await;
    let path = format!("/users/{id}/password");
    installation
        .put(&path, json!({ "password": "aaaaaaaaaaaa" }))
        .await
        .problem(422, "unusable_password");
    let set = installation.put(&path, json!({ "password": PASSWORD })).await;
    assert_eq!(set.status, 200, "{set:?}");
    let shown = installation.get(&format!("/users/{id}")).await.body;
    assert_eq!(
        (&shown["sign_in"], shown["password_changed_at"].is_string()),
        (&json!("password"), true)
    );
    assert!(
        installation.store.people.password(&id).await.unwrap().unwrap().0.starts_with("$argon2id$")
    );

    let identity = json!({ "issuer": "https://id.example.org", "subject": "7" });
    let body = json!({ "email": "grace@example.org", "name": "Grace", "identity": identity });
    let grace = register(&installation, body).await;
    let path = format!("/users/{grace}/password");
    let set = installation.put(&path, json!({ "password": PASSWORD })).await;
    set.problem(409, "rejected");
    assert_eq!(installation.store.people.password(&grace).await.unwrap(), None);
}

#[tokio::test]
async fn disabling_twice_is_disabling_once_and_so_is_enabling() {
    let installation = Installation::without_projector().await;
    let id = register(&installation, ada()).await;
    let path = format!("/users/{id}");
    let order = async |what: &str| {
        let done = installation.post(&format!("{path}/{what}"), json!({})).await;
        let status = installation.get(&path).await.body["status"].clone();
        (done.status, done.body["version"].clone(), status)
    };
    assert_eq!(order("disable").await, (200, json!(2), json!("disabled")));
    assert_eq!(order("disable").await, (200, json!(2), json!("disabled")));
    assert_eq!(order("enable").await, (200, json!(3), json!("active")));
    assert_eq!(order("enable").await, (200, json!(3), json!("active")));
}

#[tokio::test]
async fn an_erased_user_is_an_id_and_nothing_more() {
    let installation = Installation::start().await;
    let mut body = ada();
    body["password"] = PASSWORD.into();
    let id = register(&installation, body).await;
    let path = format!("/users/{id}");
    let why = request(Method::POST, &format!("{path}/disable")).header("Uplion-Reason", "Ada left");
    installation.send(why.finish()).await;
    assert_eq!(reasons(&installation).await, ["Ada left"]);
    let erased = installation.post(&format!("{path}/erase"), json!({})).await;
    assert_eq!((erased.status, &erased.body["version"]), (200, &json!(3)), "{erased:?}");

    let shown = installation.get(&path).await.body;
    assert_eq!((&shown["name"], &shown["email"]), (&Value::Null, &Value::Null), "{shown:?}");
    assert_eq!((&shown["status"], shown["erased_at"].is_string()), (&json!("erased"), true));
    installation.get("/users/ada@example.org").await.problem(404, "not_found");
    assert!(installation.store.people.person(&id).await.unwrap().is_none());
    assert_eq!(installation.store.people.password(&id).await.unwrap(), None);
    assert_eq!(reasons(&installation).await, [""; 0]);

    let again = installation.post(&format!("{path}/erase"), json!({})).await;
    assert_eq!((again.status, &again.body["version"]), (200, &json!(3)), "{again:?}");
    installation.patch(&path, json!({ "name": "Ada" })).await.problem(409, "rejected");
    installation
        .put(&format!("{path}/password"), json!({ "password": PASSWORD }))
        .await
        .problem(409, "rejected");
    assert!(installation.store.people.person(&id).await.unwrap().is_none());
    let anew = register(&installation, ada()).await;
    assert_ne!(anew, id, "the address is free, the id is not");
    let listed = installation.get_at("/users?status=erased", &again).await;
    assert_eq!(names(&listed), ["-"]);
}

#[tokio::test]
async fn users_are_listed_page_by_page_and_by_what_is_asked_for() {
    let installation = Installation::start().await;
    for (name, access) in [("a", "none"), ("b", "auditor"), ("c", "admin")] {
        let email = format!("{name}@example.org");
        register(&installation, json!({ "email": email, "name": name, "access": access })).await;
    }
    let last = installation.post("/users/a@example.org/disable", json!({})).await;
    let page = installation.get_at("/users?limit=2", &last).await;
    assert_eq!(names(&page), ["a", "b"]);
    let next = page.body["next"].as_str().unwrap();
    assert_eq!(names(&installation.get(&format!("/users?limit=2&after={next}")).await), ["c"]);
    assert_eq!(names(&installation.get("/users?access=auditor").await), ["b"]);
    assert_eq!(names(&installation.get("/users?status=disabled").await), ["a"]);
    assert_eq!(names(&installation.get("/users?email=C@example.org").await), ["c"]);
    assert_eq!(names(&installation.get("/users?email=d@example.org").await), [""; 0]);
}

#[tokio::test]
async fn people_change_their_own_name_and_nothing_else_of_anybody() {
    let installation = Installation::without_projector().await;
    for access in [Access::None, Access::Auditor] {
        let ada = installation.user(&format!("ada-{access}"), access).await;
        let grace = installation.user(&format!("grace-{access}"), Access::None).await;
        let token = installation.token(&ada).await;
        let change = async |user: &Somebody, body: Value| {
            let path = format!("/users/{}", user.id);
            installation.ask(&token, Method::PATCH, &path, body).await
        };
        assert_eq!(change(&ada, json!({ "name": "Ada King" })).await.status, 200);
        let shown = installation.read(&token, &format!("/users/{}", ada.email)).await;
        assert_eq!(shown.body["name"], "Ada King");
        change(&ada, json!({ "access": "admin" })).await.problem(403, "forbidden");
        let both = json!({ "name": "x", "email": "x@example.org" });
        change(&ada, both).await.problem(403, "forbidden");
        let others = change(&grace, json!({ "name": "x" })).await;
        let shown = installation.read(&token, &format!("/users/{}", grace.id)).await;
        match access {
            // An auditor knows that there is a Grace.
            Access::Auditor | Access::Admin => {
                others.problem(403, "forbidden");
                assert_eq!(shown.status, 200, "{shown:?}");
            }
            Access::None => {
                others.problem(404, "not_found");
                shown.problem(404, "not_found");
            }
        }
        let path = format!("/users/{}/erase", ada.id);
        let erase = installation.ask(&token, Method::POST, &path, json!({})).await;
        erase.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn who_changes_their_own_password_says_the_one_that_they_have() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    let (token, other) = (installation.token(&ada).await, installation.token(&ada).await);
    let path = format!("/users/{}/password", ada.id);
    let put = async |body: Value| installation.ask(&token, Method::PUT, &path, body).await;
    let new = "incorrect horse battery";
    put(json!({ "password": new })).await.problem(422, "wrong_password");
    let wrong = json!({ "password": new, "current_password": new });
    put(wrong).await.problem(422, "wrong_password");
    let right = json!({ "password": new, "current_password": PASSWORD });
    assert_eq!(put(right).await.status, 200);

    for token in [&token, &other] {
        installation.read(token, "/sessions/current").await.problem(401, "unauthorized");
    }
    let old = installation.sign_in(&ada.email, PASSWORD, "token").await;
    old.problem(401, "wrong_credentials");
    assert_eq!(installation.sign_in(&ada.email, new, "token").await.status, 201);
}

#[tokio::test]
async fn guessing_ones_own_password_is_throttled_as_signing_in_is() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::None).await;
    let token = installation.token(&ada).await;
    let path = format!("/users/{}/password", ada.id);
    let guess = json!({ "password": "a new password", "current_password": "a wild guess" });
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(installation.ask(&token, Method::PUT, &path, guess.clone()).await.status);
    }
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
}

#[tokio::test]
async fn a_disabled_users_sessions_are_over_for_ever() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Auditor).await;
    let token = installation.token(&ada).await;
    installation.post(&format!("/users/{}/disable", ada.id), json!({})).await;
    installation.read(&token, "/sessions/current").await.problem(401, "unauthorized");
    installation.sign_in(&ada.email, PASSWORD, "token").await.problem(403, "forbidden");
    installation.post(&format!("/users/{}/enable", ada.id), json!({})).await;
    installation.read(&token, "/sessions/current").await.problem(401, "unauthorized");
    installation.token(&ada).await;
}
