//! What somebody who is only signed in finds out about others: nothing. What is somebody else's is answered in the same
//! words as what does not exist.

use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::{project::Role, user::Access};

use crate::installation::{ApiResponse, Installation};

/// A member of a project of her own, beside a project, a key and a person that she must not know of.
struct Scene {
    installation: Installation,
    token: String,
    key: String,
}

impl Scene {
    async fn new() -> Self {
        let installation = Installation::start().await;
        let eve = installation.user("eve", Access::None).await;
        installation.user("grace", Access::None).await;
        let hers = installation.project("chess").await;
        installation.member(&hers, &eve, Role::Member).await;
        installation.project("physics").await;
        let body = json!({ "project": "physics", "name": "ci" });
        let issued = installation.post("/keys", body).await;
        installation.get_at("/keys", &issued).await;
        let token = installation.token(&eve).await;
        Self { token, key: issued.made(), installation }
    }

    async fn read(&self, path: &str) -> ApiResponse {
        self.installation.read(&self.token, path).await
    }
}

/// The two cannot be told apart.
fn alike(one: &ApiResponse, other: &ApiResponse) {
    assert_eq!((one.status, &one.body), (other.status, &other.body));
}

#[tokio::test]
async fn issuing_a_key_tells_nobody_who_has_an_account() {
    let scene = Scene::new().await;
    let issue = async |project: &str, owner: &str| {
        let body = json!({ "project": project, "name": "ci", "owner": owner });
        scene.installation.ask(&scene.token, Method::POST, "/keys", body).await
    };
    for (project, status) in [("prj_00000000000000000000000000000007", 404), ("chess", 403)] {
        let known = issue(project, "grace@example.org").await;
        assert_eq!(known.status, status, "{known:?}");
        alike(&known, &issue(project, "nobody@example.org").await);
    }
}

#[tokio::test]
async fn a_list_of_somebodys_keys_tells_nobody_who_has_an_account() {
    let scene = Scene::new().await;
    let known = scene.read("/keys?owner=grace@example.org").await;
    assert_eq!((known.status, &known.body["data"]), (200, &json!([])), "{known:?}");
    alike(&known, &scene.read("/keys?owner=nobody@example.org").await);
}

#[tokio::test]
async fn no_question_tells_which_projects_there_are() {
    let scene = Scene::new().await;
    for question in ["prices", "keys", "usage", "charges", "requests"] {
        let known = scene.read(&format!("/{question}?project=physics")).await;
        known.problem(404, "not_found");
        alike(&known, &scene.read(&format!("/{question}?project=optics")).await);
    }
    let body = |project: &str| json!({ "project": project, "name": "ci" });
    let issue = async |project| {
        scene.installation.ask(&scene.token, Method::POST, "/keys", body(project)).await
    };
    alike(&issue("physics").await, &issue("optics").await);
}

#[tokio::test]
async fn no_question_tells_which_keys_there_are() {
    let scene = Scene::new().await;
    let nobodys = "key_00000000000000000000000000000007";
    for question in ["/keys/", "/changes?kind=api_key&id="] {
        let known = scene.read(&format!("{question}{}", scene.key)).await;
        known.problem(404, "not_found");
        alike(&known, &scene.read(&format!("{question}{nobodys}")).await);
    }
    let revoke = async |key: &str| {
        let path = format!("/keys/{key}/revoke");
        scene.installation.ask(&scene.token, Method::POST, &path, Value::Null).await
    };
    alike(&revoke(&scene.key).await, &revoke(nobodys).await);
}
