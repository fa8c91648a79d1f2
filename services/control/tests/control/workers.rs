//! `/control/v1/workers`

use serde_json::json;
use uplion_domain::{
    WorkerId,
    worker::{self, FailureReason},
};
use uplion_tests::wait;
use uuid::Uuid;

use crate::installation::{Installation, now};

#[tokio::test]
async fn workers_are_listed_with_what_is_wrong_with_them() {
    let installation = Installation::start().await;
    for name in ["llama", "mistral"] {
        installation.post("/models", json!({ "name": name })).await;
    }
    let [serving, failed, stopped] = [0; 3].map(|_| WorkerId::new(Uuid::now_v7()));
    let started = |worker, model: &str| {
        let models = vec![model.parse().unwrap()];
        worker::Event::Started { worker, models, about: None, at: now() }
    };
    installation.worker(started(serving, "llama")).await;
    installation.worker(started(failed, "mistral")).await;
    let (reason, model) = (FailureReason::AuthenticationError, "mistral".parse().unwrap());
    let failure = worker::Event::Failed { worker: failed, model, reason, at: now() };
    installation.worker(failure).await;
    installation.worker(started(stopped, "llama")).await;
    installation.worker(worker::Event::Stopped { worker: stopped, at: now() }).await;

    let ids = async |query: &str| {
        let listed = installation.get(&format!("/workers?{query}")).await;
        let workers = listed.body["data"].as_array().unwrap().iter();
        workers.map(|worker| worker["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = [stopped, failed, serving].map(|id| id.to_string());
    let archived = async || ids("status=stopped").await.len() == 1;
    wait::until(wait::PATIENCE, "the workers to be archived", archived).await.unwrap();
    assert_eq!(ids("").await, all);
    assert_eq!(ids("status=serving").await, [serving.to_string()]);
    assert_eq!(ids("status=failed").await, [failed.to_string()]);
    assert_eq!(ids("model=llama").await, [stopped.to_string(), serving.to_string()]);
    assert_eq!(ids(&format!("limit=1&after={stopped}")).await, [failed.to_string()]);

    let shown = installation.get(&format!("/workers/{failed}")).await.body;
    assert_eq!(shown["status"], "failed");
    assert_eq!(shown["failures"][0]["reason"], "AuthenticationError");
    assert_eq!(shown["failures"][0]["model"], "mistral");
    installation
        .get(&format!("/workers/{}", WorkerId::new(Uuid::nil())))
        .await
        .problem(404, "not_found");
}
