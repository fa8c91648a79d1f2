//! What the log says of a request beside its charge, and of those that were not let in.

use std::time::Duration;

use serde_json::{Value, json};
use uplion_domain::{
    KeyId, ProjectId,
    request::{Accepted, AttemptOutcome, Event, Rejected, RejectionReason, Settled, UsageBound},
};
use uplion_gateway::{EndUserKey, Options};
use uuid::Uuid;

use crate::installation::{Installation, body, header};

async fn accepted(installation: &Installation) -> Accepted {
    let mut found = None;
    installation
        .until(async || {
            let events = installation.traffic().await;
            found = events.into_iter().find_map(|event| match event {
                Event::Accepted(accepted) => Some(*accepted),
                Event::Assigned(_)
                | Event::Settled(_)
                | Event::Reversed(_)
                | Event::Rejected(_)
                | Event::Probed(_) => None,
            });
            found.is_some()
        })
        .await;
    found.expect("it was waited for")
}

async fn settled(installation: &Installation, request: &Value) -> Settled {
    let answer = installation.chat(request).send().await.expect("the gateway answers");
    let id = header(&answer, "x-request-id").to_owned();
    answer.bytes().await.expect("the answer is whole");
    installation.settled(&id).await
}

fn labelled() -> Value {
    let mut request = body(&json!({"chunks": 3}));
    request["metadata"] = json!({"course": "chemistry"});
    request["user"] = "ada".into();
    request["n"] = 2.into();
    request["max_tokens"] = 77.into();
    request
}

#[tokio::test]
async fn how_much_was_asked_for_is_known_from_admission_on() {
    let installation = Installation::with_worker().await;
    let request = labelled();
    settled(&installation, &request).await;
    let size = accepted(&installation).await.size;
    assert_eq!(size.body_bytes, request.to_string().len() as u64);
    assert!(size.prompt_estimate > 0, "{size:?}");
    assert_eq!((size.answer_bound, size.answers), (Some(77), 2));
}

#[tokio::test]
async fn up_to_where_it_will_be_charged_is_pinned_at_admission() {
    let installation = Installation::with_worker().await;
    let mut request = labelled();
    request.as_object_mut().unwrap().remove("mock");
    settled(&installation, &request).await;
    let bytes = request.to_string().len() as u64;
    let bound = UsageBound { prompt: Some(2 * (bytes + 100_000)), output: Some(2 * (77 + 64)) };
    assert_eq!(accepted(&installation).await.size.bound, bound);
}

#[tokio::test]
async fn labels_and_end_users_are_recorded_only_where_that_was_chosen() {
    let installation = Installation::with_worker().await;
    let silent = settled(&installation, &labelled()).await;
    assert!(silent.labels.is_empty() && silent.end_user.is_none(), "{silent:?}");

    let key = EndUserKey::new("key");
    let expected = key.digest(ProjectId::new(Uuid::from_u128(1)), "ada");
    let options = Options { record_labels: true, end_user_key: Some(key), ..Options::default() };
    let installation = Installation::with(options).await;
    installation.add_worker("demo");
    let told = settled(&installation, &labelled()).await;
    assert_eq!(told.labels.get("course"), Some("chemistry"));
    assert_eq!(told.end_user, Some(expected));
}

#[tokio::test]
async fn a_settlement_says_which_upstream_was_asked_and_what_it_reported() {
    let installation = Installation::with_worker().await;
    let settled = settled(&installation, &body(&json!({"chunks": 3}))).await;
    let [attempt] = &settled.attempts[..] else { panic!("{:?}", settled.attempts) };
    assert_eq!(attempt.outcome, AttemptOutcome::COMPLETED);
    assert_eq!(Some(attempt.worker), settled.worker);
}

#[tokio::test]
async fn what_was_not_let_in_is_summed_up_when_the_gateway_leaves() {
    let installation = Installation::start().await;
    let mut request = body(&json!({}));
    request["model"] = "nothing".into();
    for _ in 0..3 {
        installation.chat(&request).send().await.unwrap();
    }
    let url = format!("{}/v1/chat/completions", installation.base);
    let unknown = installation.client.post(url).bearer_auth("sk-other").json(&request);
    unknown.send().await.unwrap();
    installation.gateway.drain(Duration::from_secs(1)).await;
    let mut rejected = vec![];
    installation
        .until(async || {
            let events = installation.traffic().await.into_iter();
            rejected = events.filter_map(rejections).collect();
            rejected.len() == 2
        })
        .await;
    rejected.sort_by_key(|rejected| rejected.count);
    let [by_key, by_model] = &rejected[..] else { panic!("{rejected:?}") };
    assert_eq!((by_key.count, &by_key.reason), (1, &RejectionReason::INVALID_KEY));
    assert_eq!((by_model.count, &by_model.reason), (3, &RejectionReason::MODEL_NOT_FOUND));
    assert_eq!(by_model.key, Some(KeyId::new(Uuid::from_u128(1))));
    assert_eq!(by_model.gateway, installation.gateway.id());
    assert!(by_model.estimated_tokens > 0);
}

fn rejections(event: Event) -> Option<Rejected> {
    match event {
        Event::Rejected(rejected) => Some(rejected),
        Event::Accepted(_)
        | Event::Assigned(_)
        | Event::Settled(_)
        | Event::Reversed(_)
        | Event::Probed(_) => None,
    }
}
