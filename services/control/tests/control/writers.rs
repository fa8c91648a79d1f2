//! Fifty writers at once on one key, through two controls over one database and one log: nobody's change is lost.

use std::collections::BTreeSet;

use futures::future::join_all;
use poem::http::Method;
use serde_json::json;
use uplion_tests::{
    nats,
    postgres::{Server, Version},
};

use crate::{
    installation::{ApiResponse, Installation, request, with_json},
    servers::over,
};

const WRITERS: usize = 50;

/// A key, and two controls that know of it.
async fn two_controls() -> ([Installation; 2], String) {
    let database = Server::shared(Version::V18).await.database().await.unwrap();
    let account = nats::Server::shared().await.account();
    let first = over(account.clone(), &database).await;
    let second = over(account, &database).await;
    first.start_projector().await;
    first.project("physics").await;
    let issued = first.post("/keys", json!({ "project": "physics", "name": "ci" })).await;
    let path = format!("/keys/{}", issued.made());
    ([first, second], path)
}

async fn describe(
    control: &Installation,
    path: &str,
    text: String,
    seen: Option<&str>,
) -> ApiResponse {
    let mut asked = request(Method::PATCH, path);
    if let Some(version) = seen {
        asked = asked.header("If-Match", version);
    }
    control.send(with_json(asked, &json!({ "description": text }))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_saw_the_same_version_one_changes_it_and_the_others_are_told() {
    let (controls, path) = two_controls().await;
    let writers = (0..WRITERS)
        .map(|n| describe(&controls[n % 2], &path, format!("writer {n}"), Some("\"1\"")));
    let answers = join_all(writers).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.iter().enumerate().partition(|(_, answer)| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, WRITERS - 1), "{answers:?}");
    for (_, answer) in lost {
        answer.problem(412, "changed");
        assert_eq!((answer.header("etag"), &answer.body["version"]), ("\"2\"", &json!(2)));
    }
    let shown = controls[1].get(&path).await;
    assert_eq!(shown.body["description"], format!("writer {}", won[0].0));
    assert_eq!(shown.header("etag"), "\"2\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_read_again_and_try_again_all_come_through() {
    let (controls, path) = two_controls().await;
    let writers = (0..WRITERS).map(|n| {
        let (control, path) = (&controls[n % 2], &path);
        async move {
            let mut lost = 0;
            loop {
                let seen = control.get(path).await;
                let text = format!("{},{n}", seen.body["description"].as_str().unwrap());
                let answer = describe(control, path, text, Some(seen.header("etag"))).await;
                match answer.status {
                    200 => return lost,
                    412 => lost += 1,
                    _ => panic!("{answer:?}"),
                }
            }
        }
    });
    let lost: usize = join_all(writers).await.into_iter().sum();
    let shown = controls[0].get(&path).await;
    let text = shown.body["description"].as_str().unwrap();
    let came: BTreeSet<&str> = text.split(',').skip(1).collect();
    assert_eq!(came.len(), WRITERS, "a lost update: {text}");
    assert_eq!(shown.header("etag"), format!("\"{}\"", WRITERS + 1));
    eprintln!("{WRITERS} writers came through after {lost} times 412");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_name_no_version_all_change_it_one_after_the_other() {
    let (controls, path) = two_controls().await;
    let writers =
        (0..WRITERS).map(|n| describe(&controls[n % 2], &path, format!("writer {n}"), None));
    for answer in join_all(writers).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(controls[1].get(&path).await.header("etag"), format!("\"{}\"", WRITERS + 1));
}
