//! Answers through gateway, queue and worker are those of the upstream asked directly.

use std::time::Instant;

use futures::future::join_all;
use serde_json::json;

use crate::{customer, direct, streamed};

#[tokio::test]
async fn an_answer_is_the_upstreams_own_byte_for_byte_at_every_gateway() {
    let (_, upstream, customer) = customer("whole").await;
    let question = customer.question("hello", &json!({"mock": {"chunks": 50}}));
    let own = direct(&upstream, &question).await;
    for gateway in 0..2 {
        let answer = customer.at(gateway).ask(&question).await.unwrap();
        assert!(answer.is_whole(), "{answer:?}");
        assert!(answer.request.starts_with("req_"), "{}", answer.request);
        assert_eq!(
            (answer.body, answer.content_type),
            (own.body.clone(), own.content_type.clone())
        );
    }
}

#[tokio::test]
async fn a_stream_is_the_upstreams_own_byte_for_byte_at_every_gateway() {
    let (_, upstream, customer) = customer("stream").await;
    for usage in [false, true] {
        let mut question = customer.question("hello", &streamed(&json!({"split_bytes": 11})));
        question["stream_options"] = json!({"include_usage": usage});
        let own = direct(&upstream, &question).await;
        for gateway in 0..2 {
            let answer = customer.at(gateway).ask(&question).await.unwrap();
            assert!(answer.is_whole(), "{answer:?}");
            assert_eq!(answer.body, own.body);
        }
    }
}

#[tokio::test]
async fn usage_that_nobody_asked_for_is_withheld() {
    let (_, _upstream, customer) = customer("counted").await;
    let mut question = customer.question("hello", &streamed(&json!({"chunks": 3})));
    let without = customer.at(0).ask(&question).await.unwrap();
    assert!(without.is_whole() && !without.body.contains("usage"), "{without:?}");
    question["stream_options"] = json!({"include_usage": true});
    let with = customer.at(0).ask(&question).await.unwrap();
    assert!(with.body.contains("\"completion_tokens\":3"), "{with:?}");
}

#[tokio::test]
async fn two_hundred_streams_at_once_are_each_their_own() {
    let (_, upstream, customer) = customer("many").await;
    let began = Instant::now();
    let question = |n: usize| {
        customer.question(&format!("number {n}"), &streamed(&json!({"chunks": 20, "pace_ms": 20})))
    };
    let asking = (0..200).map(|n| {
        let (client, question) = (customer.at(n), question(n));
        async move { client.ask(&question).await.unwrap() }
    });
    let answers = join_all(asking).await;
    eprintln!("200 streams of 20 chunks at 20 ms through 2 gateways: {:?}", began.elapsed());
    let questions: Vec<_> = (0..200).map(question).collect();
    let own = join_all(questions.iter().map(|question| direct(&upstream, question))).await;
    for (n, (answer, own)) in answers.iter().zip(own).enumerate() {
        assert!(answer.is_whole(), "{n}: {answer:?}");
        assert_eq!(answer.body, own.body, "{n}");
    }
}

#[tokio::test]
async fn a_body_of_twenty_mebibytes_arrives_whole() {
    let (_, upstream, customer) = customer("large").await;
    let question = customer.question(&"word ".repeat(4 << 20), &json!({"mock": {"chunks": 2}}));
    let began = Instant::now();
    let answer = customer.at(1).ask(&question).await.unwrap();
    eprintln!("a body of 20 MiB was answered in {:?}", began.elapsed());
    assert_eq!(answer.body, direct(&upstream, &question).await.body);
}

#[tokio::test]
async fn the_old_path_is_served_as_well() {
    let (installation, upstream, customer) = customer("path").await;
    let question = customer.question("hello", &json!({}));
    let url = format!("{}/api/v1/chat/completions", installation.gateways[0].url());
    let request = uplion_tests::http::client().post(url).bearer_auth(&customer.secret);
    let answer = request.json(&question).send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, direct(&upstream, &question).await.body);
}
