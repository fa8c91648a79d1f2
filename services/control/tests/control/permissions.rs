//! The table of permissions over HTTP, cell by cell: everybody tries every action, on what is theirs, on what is
//! somebody else's and on what they must not know of, and is answered as the table says.

use std::collections::BTreeMap;

use poem::http::Method;
use serde_json::{Value, json};
use uplion_control::{
    Options,
    permissions::{Action, May, Role},
};
use uplion_domain::{
    Event, KeyDigest, KeyId, SessionId, UserId, WorkerId,
    api_key::{self, Models, Quota, Terms},
    project, session,
    user::{self, Access},
    worker,
};
use uplion_tests::wait;
use uuid::Uuid;

use crate::{
    installation::{ADMIN_KEY, ApiResponse, Installation, anonymous, now, with_json},
    people::{PASSWORD, Somebody},
};

/// Who tries.
struct Caller {
    name: &'static str,
    token: String,
    somebody: Option<Somebody>,
    everywhere: Option<Role>,
    /// In the project that things are of.
    here: Option<Role>,
}

/// What an action is tried on.
struct Things {
    n: u32,
    project: String,
    key: String,
    callers_own_key: String,
    model: String,
    upstream: String,
    worker: WorkerId,
    price: String,
    somebody: Somebody,
    somebodys_session: SessionId,
    callers_session: SessionId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Installation,
    Project,
    /// Something of the project that is in the caller's own name.
    OwnInProject,
    Somebody,
    /// The caller, or something that only the caller has.
    Oneself,
    /// Whatever the caller may see.
    List,
}

struct Call {
    method: Method,
    path: String,
    body: Value,
    about: About,
}

#[tokio::test]
async fn every_role_is_answered_at_every_operation_as_the_table_says() {
    every_cell(&Installation::start().await).await;
}

pub async fn every_cell(installation: &Installation) {
    installation.start_again(Options::new(ADMIN_KEY)).await.unwrap();
    let callers = callers(installation).await;
    let worker = worker(installation).await;
    let mut n = 0;
    let (last, others): (Vec<Action>, Vec<Action>) =
        Action::ALL.iter().partition(|action| LAST_WORDS.contains(&action.id()));
    for action in others.iter().chain(&last) {
        for caller in &callers {
            n += 1;
            let things = things(installation, &callers, caller, worker, n).await;
            for call in calls(installation, action.id(), &things, caller).await {
                let token = token_for(installation, *action, caller).await;
                let answer = installation.ask(&token, call.method, &call.path, call.body).await;
                let expected = expected(*action, caller, call.about);
                let cell = format!("{} as {} about {:?}", action.id(), caller.name, call.about);
                assert_eq!(seen(&answer), expected, "{cell}: {answer:?}");
            }
        }
    }
}

/// Those who may not come in at all are told so, whatever they ask for.
#[tokio::test]
async fn who_is_not_signed_in_any_more_is_told_so_at_every_operation() {
    let installation = Installation::start().await;
    let callers = callers(&installation).await;
    let admin = &callers[0];
    let worker = WorkerId::new(Uuid::nil());
    let things = things(&installation, &callers, admin, worker, 0).await;
    let (disabled, revoked) = (
        installation.user("disabled", Access::Admin).await,
        installation.user("revoked", Access::Admin).await,
    );
    let tokens = BTreeMap::from([
        ("nonsense", "nonsense".to_owned()),
        ("disabled", installation.token(&disabled).await),
        ("revoked", installation.token(&revoked).await),
        ("expired", expired(&installation, &revoked).await),
    ]);
    installation.happens_to(&disabled, user::Event::Disabled { at: now() }).await;
    let out = ("/sessions/current", Method::DELETE);
    installation.ask(&tokens["revoked"], out.1, out.0, Value::Null).await;

    let opened = installation.sign_in(&revoked.email, PASSWORD, "cookie").await;
    let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    for action in Action::ALL {
        for call in calls(&installation, action.id(), &things, admin).await {
            let Call { method, path, body, about: _ } = call;
            for (name, token) in &tokens {
                let answer = installation.ask(token, method.clone(), &path, body.clone()).await;
                assert_eq!(answer.status, 401, "{} {name}: {answer:?}", action.id());
            }
            let signed_out = anonymous(method.clone(), &path);
            let answer = installation.send(with_json(signed_out, &body)).await;
            assert_eq!(answer.status, 401, "{} signed out: {answer:?}", action.id());
            if method != Method::GET {
                let cross = anonymous(method.clone(), &path).header("Cookie", &cookie);
                let cross = cross.header("Sec-Fetch-Site", "cross-site");
                let answer = installation.send(with_json(cross, &body)).await;
                answer.problem(403, "cross_site");
            }
        }
    }
}

async fn callers(installation: &Installation) -> Vec<Caller> {
    let key = |name, token: &str, role| Caller {
        name,
        token: token.to_owned(),
        somebody: None,
        everywhere: Some(role),
        here: None,
    };
    let mut callers = Vec::new();
    for (name, access, everywhere, here) in [
        ("admin", Access::Admin, Some(Role::Admin), None),
        ("auditor", Access::Auditor, Some(Role::Auditor), None),
        ("owner", Access::None, None, Some(Role::Owner)),
        ("member", Access::None, None, Some(Role::Member)),
        ("owner_of_another", Access::None, None, None),
    ] {
        let somebody = installation.user(name, access).await;
        let token = installation.token(&somebody).await;
        callers.push(Caller { name, token, somebody: Some(somebody), everywhere, here });
    }
    let theirs = installation.project("theirs").await;
    let other = callers[4].somebody.as_ref().unwrap();
    installation.member(&theirs, other, project::Role::Owner).await;
    callers.push(key("first_admin_key", ADMIN_KEY, Role::Admin));
    let issued =
        installation.post("/admin-keys", json!({ "name": "ci", "access": "auditor" })).await;
    let secret = issued.body["secret"].as_str().unwrap();
    callers.push(key("auditors_key", secret, Role::Auditor));
    callers
}

/// One that started, and is known to have.
async fn worker(installation: &Installation) -> WorkerId {
    let worker = WorkerId::new(Uuid::now_v7());
    let models = vec!["llama".parse().unwrap()];
    installation.worker(worker::Event::Started { worker, models, about: None, at: now() }).await;
    let path = format!("/workers/{worker}");
    let known = async || installation.get(&path).await.status == 200;
    wait::until(wait::PATIENCE, "the worker to be known", known).await.unwrap();
    worker
}

async fn things(
    installation: &Installation,
    callers: &[Caller],
    of: &Caller,
    worker: WorkerId,
    n: u32,
) -> Things {
    let project = installation.new_project(&format!("project {n}")).await;
    for caller in callers {
        let role = match caller.here {
            Some(Role::Owner) => project::Role::Owner,
            Some(_) => project::Role::Member,
            None => continue,
        };
        installation.member(&project, caller.somebody.as_ref().unwrap(), role).await;
    }
    let somebody = installation.user(&format!("somebody{n}"), Access::None).await;
    let own = of.somebody.as_ref().map(|somebody| somebody.id);
    let model = format!("model-{n}");
    let body = json!({ "name": model, "upstreams": [{ "url": "http://127.0.0.1:1/v1" }] });
    installation.post("/models", body).await.made();
    let upstreams = installation.get(&format!("/models/{model}/upstreams")).await.body;
    let price = json!({ "model": model, "input": "1", "output": "1" });
    Things {
        n,
        key: key(installation, &project, None).await,
        callers_own_key: key(installation, &project, own).await,
        price: installation.post("/prices", price).await.made(),
        somebodys_session: session(installation, somebody.id).await,
        callers_session: session(installation, own.unwrap_or(somebody.id)).await,
        upstream: upstreams["data"][0]["id"].as_str().unwrap().to_owned(),
        worker,
        model,
        project,
        somebody,
    }
}

async fn key(installation: &Installation, project: &str, owner: Option<UserId>) -> String {
    let id = KeyId::new(Uuid::now_v7());
    let terms = Box::new(Terms {
        project: project.parse().unwrap(),
        owner,
        name: "ci".into(),
        description: String::new(),
        models: Models::All,
        expires_at: None,
        quota: Quota::Unlimited,
        budget: None,
        limits: uplion_domain::Limits::default(),
        model_limits: BTreeMap::new(),
    });
    let digest = KeyDigest::of(&id.to_string());
    let issued = api_key::Event::Issued { digest, terms, at: now() };
    installation.record(Event::ApiKey(id, issued), Vec::new()).await;
    id.to_string()
}

async fn session(installation: &Installation, user: UserId) -> SessionId {
    let (id, at) = (SessionId::new(Uuid::now_v7()), now());
    let (digest, expires_at) = (KeyDigest::of(&id.to_string()), at.plus_millis(60_000));
    let opened = session::Event::Opened { user, digest, expires_at, at };
    installation.record(Event::Session(id, opened), Vec::new()).await;
    id
}

/// A token that was good until a moment ago.
async fn expired(installation: &Installation, somebody: &Somebody) -> String {
    let (id, at) = (SessionId::new(Uuid::now_v7()), now());
    let (user, digest) = (somebody.id, KeyDigest::of("secret"));
    let opened = session::Event::Opened { user, digest, expires_at: at, at };
    installation.record(Event::Session(id, opened), Vec::new()).await;
    format!("{id}.secret")
}

/// With these a caller loses the session that they are called with.
const LAST_WORDS: [&str; 2] = ["sign_out", "set_password"];

async fn token_for(installation: &Installation, action: Action, caller: &Caller) -> String {
    match &caller.somebody {
        Some(somebody) if LAST_WORDS.contains(&action.id()) => installation.token(somebody).await,
        _ => caller.token.clone(),
    }
}

/// `forbidden`, `unseen` or, whatever else came of it, `permitted`.
fn seen(answer: &ApiResponse) -> &'static str {
    match answer.status {
        403 => "forbidden",
        404 => "unseen",
        status if status < 500 && status != 401 => "permitted",
        _ => panic!("{answer:?}"),
    }
}

fn expected(action: Action, caller: &Caller, about: About) -> &'static str {
    let in_project = matches!(about, About::Project | About::OwnInProject);
    let here = caller.here.filter(|_| in_project);
    let roles = caller.everywhere.into_iter().chain(here).chain([Role::Anyone]);
    let own = matches!(about, About::OwnInProject | About::Oneself) && caller.somebody.is_some();
    let listed = about == About::List
        && caller.somebody.is_some()
        && action.permits(Role::Owner) == May::Yes;
    let mut permitted = listed;
    for role in roles {
        permitted |= match action.permits(role) {
            May::Yes => true,
            May::Own => own,
            May::No => false,
        };
    }
    let known = caller.everywhere.is_some()
        || match about {
            About::Installation | About::Oneself | About::List => true,
            About::Project | About::OwnInProject => caller.here.is_some(),
            About::Somebody => false,
        };
    match (permitted, known) {
        (true, _) => "permitted",
        (false, true) => "forbidden",
        (false, false) => "unseen",
    }
}

#[expect(clippy::too_many_lines, reason = "a line an action")]
async fn calls(
    installation: &Installation,
    action: &str,
    things: &Things,
    caller: &Caller,
) -> Vec<Call> {
    use About::{Installation as Whole, List, Oneself, OwnInProject, Project};
    let Things { n, project, key, callers_own_key, model, price, somebody, .. } = things;
    let upstream_path = format!("/models/{model}/upstreams/{}", things.upstream);
    let (victim, none) = (somebody.id, Value::Null);
    let one = |method: Method, path: String, body: Value, about: About| {
        vec![Call { method, path, body, about }]
    };
    let get = |path: &str, about| one(Method::GET, path.to_owned(), Value::Null, about);
    let post = |path: String, body: Value, about| one(Method::POST, path, body, about);
    let in_project = format!("/projects/{project}");
    let keys = |method: Method, rest: &str, body: &Value| {
        [(key, Project), (callers_own_key, OwnInProject)]
            .map(|(key, about)| Call {
                method: method.clone(),
                path: format!("/keys/{key}{rest}"),
                body: body.clone(),
                about,
            })
            .into()
    };
    // Of keys that belong to nobody there is no own person.
    let own = caller.somebody.as_ref().map(|somebody| somebody.id);
    let users = |method: Method, rest: &str, body: Value| -> Vec<Call> {
        let all = [(Some(victim), About::Somebody), (own, Oneself)].into_iter();
        all.filter_map(|(user, about)| {
            let path = format!("/users/{}{rest}", user?);
            Some(Call { method: method.clone(), path, body: body.clone(), about })
        })
        .collect()
    };
    let new_password = json!({ "password": PASSWORD, "current_password": PASSWORD });
    let upstream = json!({ "url": "http://127.0.0.1:2/v1" });
    match action {
        "create_project" => post("/projects".into(), json!({ "name": format!("new {n}") }), Whole),
        "list_projects" => get("/projects", List),
        "get_project" => get(&in_project, Project),
        "change_project" => {
            one(Method::PATCH, in_project, json!({ "name": format!("renamed {n}") }), Project)
        }
        "change_project_allowance" => {
            let limits = json!({ "limits": { "parallel_requests": 3 } });
            one(Method::PATCH, in_project, limits, Project)
        }
        "suspend_project" => post(format!("{in_project}/suspend"), none, Project),
        "resume_project" => post(format!("{in_project}/resume"), none, Project),
        "close_project" => post(format!("{in_project}/close"), none, Project),
        "add_member" => {
            let body = json!({ "user": victim.to_string(), "role": "member" });
            post(format!("{in_project}/members"), body, Project)
        }
        "list_members" => get(&format!("{in_project}/members"), Project),
        "change_member" | "remove_member" => {
            installation.member(project, somebody, project::Role::Member).await;
            let path = format!("{in_project}/members/{victim}");
            match action {
                "change_member" => one(Method::PATCH, path, json!({ "role": "owner" }), Project),
                _ => one(Method::DELETE, path, none, Project),
            }
        }
        "register_user" => {
            let body = json!({ "email": format!("new{n}@example.org"), "name": "New" });
            post("/users".into(), body, Whole)
        }
        "list_users" => get("/users", Whole),
        "get_user" => users(Method::GET, "", none),
        "change_user" => users(Method::PATCH, "", json!({ "name": "Renamed" })),
        "change_user_access" => {
            let mut calls = users(Method::PATCH, "", json!({ "access": "admin" }));
            calls[0].body = json!({ "email": format!("changed{n}@example.org") });
            calls
        }
        "set_password" => users(Method::PUT, "/password", new_password),
        "disable_user" => post(format!("/users/{victim}/disable"), none, About::Somebody),
        "enable_user" => post(format!("/users/{victim}/enable"), none, About::Somebody),
        "erase_user" => post(format!("/users/{victim}/erase"), none, About::Somebody),
        "issue_admin_key" => {
            post("/admin-keys".into(), json!({ "name": "ci", "access": "auditor" }), Whole)
        }
        "list_admin_keys" => get("/admin-keys", Whole),
        "revoke_admin_key" => {
            let body = json!({ "name": "ci", "access": "auditor" });
            let id = installation.post("/admin-keys", body).await.made();
            post(format!("/admin-keys/{id}/revoke"), none, Whole)
        }
        "issue_key" => {
            let body = |owner: Option<UserId>| json!({ "project": project, "name": "new", "owner": owner.map(|id| id.to_string()) });
            // A key of nobody is the project's; who is only a member gets one of their own.
            let whose = match caller.here {
                Some(Role::Member) => OwnInProject,
                _ => Project,
            };
            let issue = |owner, about| post("/keys".into(), body(owner), about);
            let mut calls = issue(own.filter(|_| whose == OwnInProject), whose);
            calls.extend(issue(Some(victim), Project));
            calls
        }
        "list_keys" => get("/keys", List),
        "get_key" => keys(Method::GET, "", &none),
        "change_key" => keys(Method::PATCH, "", &json!({ "name": "renamed" })),
        "allow_models" => keys(Method::PUT, "/models", &json!({ "models": [model] })),
        "rotate_key" => keys(Method::POST, "/rotate", &json!({})),
        "enable_key" => keys(Method::POST, "/enable", &none),
        "disable_key" => keys(Method::POST, "/disable", &none),
        "revoke_key" => keys(Method::POST, "/revoke", &none),
        "register_model" => post("/models".into(), json!({ "name": format!("new-{n}") }), Whole),
        "list_models" => get("/models", Whole),
        "get_model" => get(&format!("/models/{model}"), Whole),
        "change_model" => {
            one(Method::PATCH, format!("/models/{model}"), json!({ "kind": "local" }), Whole)
        }
        "list_upstreams" => get(&format!("/models/{model}/upstreams"), Whole),
        "change_upstreams" => {
            let path = format!("/models/{model}/upstreams");
            one(Method::PUT, path, json!({ "upstreams": [upstream] }), Whole)
        }
        "add_upstream" => post(format!("/models/{model}/upstreams"), upstream, Whole),
        "change_upstream" => one(Method::PATCH, upstream_path, json!({ "weight": 2 }), Whole),
        "remove_upstream" => one(Method::DELETE, upstream_path, none, Whole),
        "change_aliases" => {
            let path = format!("/models/{model}/aliases");
            one(Method::PUT, path, json!({ "aliases": [format!("alias-{n}")] }), Whole)
        }
        "retire_model" => post(format!("/models/{model}/retire"), none, Whole),
        "set_price" => {
            post("/prices".into(), json!({ "model": model, "input": "1", "output": "1" }), Whole)
        }
        "get_installation" => get("/installation", Whole),
        "list_prices" => get("/prices", Whole),
        "get_price" => get(&format!("/prices/{price}"), Whole),
        "withdraw_price" => post(format!("/prices/{price}/withdraw"), none, Whole),
        "get_usage" => get("/usage", List),
        "list_charges" => get("/charges", List),
        "list_requests" => get("/requests", List),
        "get_request" => {
            let request = installation.serve(project, key, model).await;
            get(&format!("/requests/{request}?wait=10000"), Project)
        }
        "list_workers" => get("/workers", Whole),
        "get_worker" => get(&format!("/workers/{}", things.worker), Whole),
        "list_sessions" => {
            let of = |user: UserId| format!("/sessions?user={user}");
            let mut calls = get(&of(victim), About::Somebody);
            calls.extend(own.into_iter().flat_map(|own| get(&of(own), Oneself)));
            calls.extend(get("/sessions?all=true", Whole));
            calls
        }
        "get_current_session" => get("/sessions/current", Whole),
        "revoke_session" => {
            let of = |id: SessionId| format!("/sessions/{id}");
            let theirs = of(things.somebodys_session);
            let mut calls = one(Method::DELETE, theirs, none.clone(), About::Somebody);
            if own.is_some() {
                calls.extend(one(Method::DELETE, of(things.callers_session), none, Oneself));
            }
            calls
        }
        "sign_out" => one(Method::DELETE, "/sessions/current".into(), none, Oneself),
        "list_events" => get("/events", Whole),
        "list_changes" => get(&format!("/changes?kind=project&id={project}"), Project),
        "get_log_health" => get("/log", Whole),
        other => panic!("say here how {other} is called"),
    }
}
