//! What nobody may read in a log is in none, even at the level at which everything is told; and what is erased is in no
//! table, while everything that is made of the log is as before.

use reqwest::{Client, Method, header::AUTHORIZATION};
use serde_json::{Value, json};
use uplion_tests::{
    http,
    installation::Ledger,
    postgres::{Server, Version},
    scratch,
    uplion::{self, Role},
    wait,
};

const PASSWORD: &str = "canary password 1";
const NEXT_PASSWORD: &str = "canary password 2";
const WRONG_PASSWORD: &str = "canary password 3";
const EMAIL: &str = "canary@example.org";
const NAME: &str = "Canary Bird";
const REASON: &str = "canary reason";
const PROMPT: &str = "canary prompt";
/// Whom the client serves, as it names them: on the log there is at most a digest.
const END_USER: &str = "canary end user";
const SAFETY_IDENTIFIER: &str = "canary safety identifier";
/// Of the client's metadata, which no project is asked to keep.
const LABEL: &str = "canary label";

struct Control {
    client: Client,
    url: String,
}

impl Control {
    async fn ask(&self, token: &str, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}/control/v1{path}", self.url));
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        let answer = request.header("Uplion-Reason", REASON).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn sign_in(&self, password: &str) -> Value {
        let body = json!({ "email": EMAIL, "password": password, "mode": "token" });
        let sessions = format!("{}/control/v1/sessions", self.url);
        let answer = self.client.post(sessions).json(&body).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

#[tokio::test]
async fn no_secret_and_nothing_personal_is_in_a_log_at_any_level_or_in_a_table_after_an_erasure() {
    let database = Server::shared(Version::V18).await.database().await.unwrap();
    let data = scratch::folder("canaries").unwrap().join("data");
    let dev = Role::new("dev").option("--data", &data).option("--database-url", &database);
    // As fine as it can be asked for, also of the one library that would tell.
    let told =
        "trace,tokio_postgres=trace,tokio_postgres::query=trace,tokio_postgres::prepare=trace";
    let dev = dev.env("RUST_LOG", told).start().await.unwrap();
    let credentials = std::fs::read(data.join("credentials.json")).unwrap();
    let credentials: Value = serde_json::from_slice(&credentials).unwrap();
    let admin = text(&credentials["admin_key"]);
    let control = Control { client: http::client(), url: dev.url() };

    let body = json!({ "email": EMAIL, "name": NAME, "password": PASSWORD, "access": "admin" });
    let user = text(&control.ask(&admin, Method::POST, "/users", body).await["id"]);
    assert_eq!(control.sign_in(WRONG_PASSWORD).await["code"], "wrong_credentials");
    let session = text(&control.sign_in(PASSWORD).await["token"]);
    let body = json!({ "password": NEXT_PASSWORD, "current_password": PASSWORD });
    control.ask(&session, Method::PUT, &format!("/users/{user}/password"), body).await;
    let session = text(&control.sign_in(NEXT_PASSWORD).await["token"]);
    let body = json!({ "name": "ci", "access": "admin" });
    let machine = control.ask(&session, Method::POST, "/admin-keys", body).await;
    let machine = text(&machine["secret"]);
    let body = json!({ "project": "default", "name": "ci" });
    let key = text(&control.ask(&machine, Method::POST, "/keys", body).await["secret"]);
    // A gateway hears of a new key a moment after it was issued.
    let served = async || {
        let models = control.client.get(format!("{}/v1/models", dev.url()));
        let models = models.header(AUTHORIZATION, format!("Bearer {key}")).send().await;
        models.is_ok_and(|answer| answer.status().is_success())
    };
    wait::until(wait::PATIENCE, "the key to be served", served).await.unwrap();
    let question = json!({
        "model": "demo", "user": END_USER, "safety_identifier": SAFETY_IDENTIFIER,
        "metadata": { "team": LABEL }, "messages": [{ "role": "user", "content": PROMPT }],
    });
    let asked = control.client.post(format!("{}/v1/chat/completions", dev.url()));
    let asked = asked.header(AUTHORIZATION, format!("Bearer {key}")).json(&question);
    let answer = asked.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    control.ask(&session, Method::DELETE, "/sessions/current", Value::Null).await;
    control.ask(&admin, Method::POST, &format!("/users/{user}/erase"), Value::Null).await;

    // Without the person every projection is what the log says, and no table knows more than the id.
    let ledger = Ledger::connect(&database).await.unwrap();
    ledger.projected().await.unwrap();
    for act in ["rebuild", "verify"] {
        let told = ["projection", act, "--database-url", &database];
        let told = uplion::run(&told, &[]).await.unwrap();
        assert!(told.status.success(), "{told:?}");
    }
    let output = dev.output();
    assert!(output.contains("TRACE"), "nothing was traced: {output}");
    let dev_password = text(&credentials["admin_password"]);
    let secret = session.split_once('.').unwrap().1;
    assert_ne!(ledger.columns_with(&user).await.unwrap(), [""; 0]);
    for canary in [
        PASSWORD,
        NEXT_PASSWORD,
        WRONG_PASSWORD,
        EMAIL,
        NAME,
        REASON,
        PROMPT,
        END_USER,
        SAFETY_IDENTIFIER,
        LABEL,
        &admin,
        secret,
        &machine,
        &key,
        &dev_password,
        "argon2id",
    ] {
        if canary != REASON && canary != "argon2id" {
            assert_eq!(ledger.columns_with(canary).await.unwrap(), [""; 0], "{canary}");
        }
        let line = output.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary} was told");
    }
}
