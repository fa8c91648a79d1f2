//! `/control/v1/sessions`

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::user::Access;
use uplion_domain::{project::Role, user};

use crate::{
    installation::{ApiResponse, Installation, anonymous, now, with_json},
    people::PASSWORD,
};

const WRONG: &str = "incorrect horse battery";

#[tokio::test]
async fn who_signs_in_is_who_they_are() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Auditor).await;
    let project = installation.project("physics").await;
    installation.member(&project, &ada, Role::Owner).await;
    let token = installation.token(&ada).await;
    assert!(token.starts_with("ses_"), "{token}");

    let current = installation.read(&token, "/sessions/current").await;
    assert_eq!(current.status, 200, "{current:?}");
    assert_eq!(current.body["actor"], ada.id.to_string());
    assert_eq!(current.body["access"], "auditor");
    let user = json!({ "id": ada.id.to_string(), "name": "ada", "email": "ada@example.org" });
    assert_eq!(current.body["user"], user);
    let membership = json!([{ "project": project, "project_name": "physics", "role": "owner" }]);
    assert_eq!(current.body["memberships"], membership);
    assert_eq!(current.body["session"], token.split('.').next().unwrap());
}

#[tokio::test]
async fn the_first_admin_key_is_nobodys_session() {
    let installation = Installation::without_projector().await;
    let current = installation.get("/sessions/current").await;
    assert_eq!(
        (&current.body["actor"], &current.body["access"]),
        (&json!("admin"), &json!("admin"))
    );
    assert_eq!((&current.body["user"], &current.body["session"]), (&Value::Null, &Value::Null));
    let out = crate::installation::request(Method::DELETE, "/sessions/current").finish();
    installation.send(out).await.problem(409, "no_session");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    let wrong = installation.sign_in(&ada.email, WRONG, "token").await;
    let unknown = installation.sign_in("nobody@example.org", WRONG, "token").await;
    wrong.problem(401, "wrong_credentials");
    unknown.problem(401, "wrong_credentials");
    assert_eq!(wrong.body, unknown.body);
}

#[tokio::test]
async fn an_address_is_the_same_however_it_is_spelt() {
    let installation = Installation::without_projector().await;
    installation.user("ada", Access::Admin).await;
    assert_eq!(installation.sign_in(" Ada@Example.ORG ", PASSWORD, "token").await.status, 201);
}

#[tokio::test]
async fn a_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    let opened = installation.sign_in(&ada.email, PASSWORD, "cookie").await;
    assert_eq!((opened.status, &opened.body["token"]), (201, &Value::Null), "{opened:?}");
    let cookie = opened.header("set-cookie");
    assert!(cookie.starts_with("uplion_session=ses_"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"), "{cookie}");

    let body = json!({ "email": ada.email, "password": PASSWORD });
    let post = anonymous(Method::POST, "/sessions")
        .header("Sec-Fetch-Site", "same-origin")
        .header("X-Forwarded-Proto", "https");
    let over_https = installation.send(with_json(post, &body)).await;
    assert!(over_https.header("set-cookie").ends_with("; Secure"), "{over_https:?}");
    assert!(!over_https.header("strict-transport-security").is_empty(), "{over_https:?}");
}

#[tokio::test]
async fn a_browser_is_not_made_to_change_anything_by_another_sites_page() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    let opened = installation.sign_in(&ada.email, PASSWORD, "cookie").await;
    let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    let with_cookie = |method, site| {
        let request = anonymous(method, "/projects").header("Cookie", &cookie);
        request.header("Sec-Fetch-Site", site)
    };
    let create = |site| with_json(with_cookie(Method::POST, site), &json!({ "name": "physics" }));
    installation.send(create("cross-site")).await.problem(403, "cross_site");
    installation.send(create("same-site")).await.problem(403, "cross_site");
    assert_eq!(installation.send(create("same-origin")).await.status, 201);

    let body = json!({ "email": ada.email, "password": PASSWORD });
    let post = anonymous(Method::POST, "/sessions").header("Sec-Fetch-Site", "cross-site");
    installation.send(with_json(post, &body)).await.problem(403, "cross_site");
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    let (here, there) = (installation.token(&ada).await, installation.token(&ada).await);
    let out = installation.ask(&here, Method::DELETE, "/sessions/current", Value::Null).await;
    assert_eq!(out.status, 204, "{out:?}");
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    installation.read(&here, "/sessions/current").await.problem(401, "unauthorized");
    assert_eq!(installation.read(&there, "/sessions/current").await.status, 200);
}

#[tokio::test]
async fn sessions_are_listed_and_revoked() {
    let installation = Installation::start().await;
    let ada = installation.user("ada", Access::None).await;
    let bob = installation.user("bob", Access::None).await;
    let (here, there) = (installation.token(&ada).await, installation.token(&ada).await);
    let bobs = installation.token(&bob).await;
    let id = |token: &str| token.split('.').next().unwrap().to_owned();
    // All three are on the log once a later write is.
    let later = installation.post("/projects", json!({ "name": "physics" })).await;

    let listed = list(&installation, &here, "", &later).await;
    let sessions = listed.body["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{listed:?}");
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], id(&here));
    list(&installation, &here, "?all=true", &later).await.problem(403, "forbidden");
    list(&installation, &here, &format!("?user={}", bob.id), &later)
        .await
        .problem(404, "not_found");
    let all = installation.get_at("/sessions?all=true", &later).await;
    assert_eq!(all.body["data"].as_array().unwrap().len(), 3, "{all:?}");

    let revoke = async |by: &str, session: &str| {
        let path = format!("/sessions/{}", id(session));
        installation.ask(by, Method::DELETE, &path, Value::Null).await
    };
    revoke(&here, &bobs).await.problem(404, "not_found");
    assert_eq!(revoke(&here, &there).await.status, 200);
    installation.read(&there, "/sessions/current").await.problem(401, "unauthorized");
    assert_eq!(installation.read(&bobs, "/sessions/current").await.status, 200);
}

async fn list(
    installation: &Installation,
    token: &str,
    query: &str,
    at: &ApiResponse,
) -> ApiResponse {
    let position = at.header("Uplion-Position");
    let mark = if query.is_empty() { "?" } else { "&" };
    installation.read(token, &format!("/sessions{query}{mark}at={position}")).await
}

#[tokio::test]
async fn a_session_is_dead_with_its_users_password_and_when_its_user_is_disabled_or_erased() {
    let installation = Installation::without_projector().await;
    let ends = [
        user::Event::PasswordChanged { at: now().plus_millis(60_000) },
        user::Event::Disabled { at: now() },
        user::Event::Erased { at: now() },
    ];
    for (n, end) in ends.into_iter().enumerate() {
        let somebody = installation.user(&format!("user{n}"), Access::Admin).await;
        let token = installation.token(&somebody).await;
        assert_eq!(installation.read(&token, "/sessions/current").await.status, 200);
        installation.happens_to(&somebody, end).await;
        installation.read(&token, "/sessions/current").await.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_session_that_opens_nothing_any_more_is_not_listed() {
    let installation = Installation::start().await;
    let ada = installation.user("ada", Access::None).await;
    let old = installation.token(&ada).await;
    let path = format!("/users/{}/password", ada.id);
    installation.put(&path, json!({ "password": WRONG })).await;
    let again = installation.sign_in(&ada.email, WRONG, "token").await;
    let token = again.body["token"].as_str().unwrap();
    let later = installation.post("/projects", json!({ "name": "physics" })).await;
    installation.read(&old, "/sessions/current").await.problem(401, "unauthorized");
    let listed = list(&installation, token, "", &later).await;
    let ids: Vec<_> = listed.body["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&again.body["id"]], "{listed:?}");

    let erased = installation.post(&format!("/users/{}/erase", ada.id), json!({})).await;
    let all = installation.get_at("/sessions?all=true", &erased).await;
    assert_eq!(all.body["data"], json!([]), "{all:?}");
}

#[tokio::test]
async fn who_is_disabled_is_told_so_after_the_right_password_only() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    installation.happens_to(&ada, user::Event::Disabled { at: now() }).await;
    installation.sign_in(&ada.email, WRONG, "token").await.problem(401, "wrong_credentials");
    installation.sign_in(&ada.email, PASSWORD, "token").await.problem(403, "forbidden");
}

#[tokio::test]
async fn who_is_no_member_any_more_sees_nothing_of_the_project() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::None).await;
    let project = installation.project("physics").await;
    let token = installation.token(&ada).await;
    let show = async || installation.read(&token, &format!("/projects/{project}")).await;
    show().await.problem(404, "not_found");
    installation.member(&project, &ada, Role::Member).await;
    assert_eq!(show().await.status, 200);
    installation.no_member(&project, &ada).await;
    show().await.problem(404, "not_found");
    let unknown = installation.read(&token, "/projects/chemistry").await;
    assert_eq!(show().await.body, unknown.body, "the two cannot be told apart");
}

#[tokio::test]
async fn a_forged_token_opens_nothing() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    let token = installation.token(&ada).await;
    let (id, secret) = token.split_once('.').unwrap();
    let other = "ses_00000000000000000000000000000007";
    for forged in [id, &format!("{id}."), &format!("{id}.x{secret}"), &format!("{other}.{secret}")]
    {
        installation.read(forged, "/sessions/current").await.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn who_fails_often_has_to_wait_also_with_the_right_password() {
    let installation = Installation::without_projector().await;
    let ada = installation.user("ada", Access::Admin).await;
    for _ in 0..5 {
        installation.sign_in(&ada.email, WRONG, "token").await.problem(401, "wrong_credentials");
    }
    let waits = installation.sign_in(&ada.email, PASSWORD, "token").await;
    waits.problem(429, "too_many_tries");
    assert_eq!(waits.header("retry-after"), "1");
    let bob = installation.user("bob", Access::Admin).await;
    assert_eq!(installation.sign_in(&bob.email, PASSWORD, "token").await.status, 201);
}

#[tokio::test]
async fn an_event_names_who_did_it_and_the_call_and_nothing_personal() {
    let installation = Installation::start().await;
    let ada = installation.user("ada", Access::Admin).await;
    let token = installation.token(&ada).await;
    let create = anonymous(Method::POST, "/projects")
        .header("Authorization", format!("Bearer {token}"))
        .header("Uplion-Reason", "the dean asked for it");
    let created = installation.send(with_json(create, &json!({ "name": "physics" }))).await;
    installation.get_at("/projects", &created).await;
    let events = installation.get("/events").await;
    let archived = events.body["data"].as_array().unwrap().iter();
    // What is noted stands beside the event, not in it.
    let text = archived.map(|archived| archived["event"].to_string()).collect::<String>();
    for secret in ["dean", "example.org", PASSWORD, token.split_once('.').unwrap().1] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let last = events.body["data"].as_array().unwrap().last().unwrap()["event"].clone();
    assert_eq!(last["actor"], ada.id.to_string(), "{last}");
    assert!(last.to_string().contains(created.header("x-request-id")), "{last}");
    let id = uplion_domain::EventId::known(last["id"].as_str().unwrap());
    let notes = installation.store.people.notes(std::slice::from_ref(&id)).await.unwrap();
    assert_eq!(notes[&id].reason.as_deref(), Some("the dean asked for it"));
}
