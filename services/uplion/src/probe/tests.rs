//! Servers of every kind, and what is said of them.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// Answers each request for a path with what `answer` says of it.
async fn server(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let Ok(byte) = socket.read_u8().await else { break };
                request.push(byte);
            }
            let request = String::from_utf8_lossy(&request);
            let path = request.split(' ').nth(1).unwrap_or_default();
            let answer = answer(path, &request);
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    url
}

fn answer(status: &str, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn list() -> String {
    answer("200 OK", "application/json", r#"{"object":"list","data":[{"id":"llama3.2:latest"}]}"#)
}

async fn found(url: &str, model: Option<&str>, key: Option<&str>) -> Finding {
    probe(&Wanted { url, model, key }).await
}

#[tokio::test]
async fn a_server_that_lists_the_model_serves_it() {
    let url = server(|_, _| list()).await;
    let models = vec!["llama3.2:latest".to_owned()];
    assert_eq!(found(&url, Some("llama3.2:latest"), None).await, Finding::Serves { models });
    assert!(found(&url, None, None).await.is_good());
}

#[tokio::test]
async fn a_name_that_it_does_not_list_is_told_with_the_one_that_was_meant() {
    let url = server(|_, _| list()).await;
    let finding = found(&url, Some("llama3.2"), None).await;
    assert!(!finding.is_good());
    assert_eq!(finding.to_string(), "it does not list llama3.2; did you mean llama3.2:latest?");
}

#[tokio::test]
async fn a_key_is_tried_if_it_is_known_here() {
    let url = server(|_, request| {
        if request.to_lowercase().contains("authorization: bearer right") {
            list()
        } else {
            answer("401 Unauthorized", "application/json", "{}")
        }
    })
    .await;
    assert_eq!(found(&url, None, None).await, Finding::KeyNeeded);
    assert_eq!(found(&url, None, Some("wrong")).await, Finding::KeyRefused { status: 401 });
    assert!(found(&url, None, Some("right")).await.is_good());
}

#[tokio::test]
async fn a_url_without_its_version_is_told_with_the_one_that_was_meant() {
    let url = server(|path, _| match path {
        "/v1/models" => list(),
        _ => answer("404 Not Found", "text/html", "<h1>no</h1>"),
    })
    .await;
    let finding = found(&url, None, None).await;
    assert_eq!(finding, Finding::Elsewhere { url: format!("{url}/v1") });
}

#[tokio::test]
async fn what_is_no_api_is_told_so() {
    let html = server(|_, _| answer("200 OK", "text/html", "<h1>welcome</h1>")).await;
    let finding = found(&format!("{html}/v1"), None, None).await;
    assert_eq!(finding, Finding::NoApi { content_type: "text/html".to_owned() });
    let broken = server(|_, _| answer("500 Oh", "text/html", "")).await;
    assert_eq!(found(&broken, None, None).await, Finding::Fails { status: 500 });
    let moved = server(|_, _| {
        "HTTP/1.1 301 Moved\r\nlocation: https://here/\r\ncontent-length: 0\r\n\r\n".to_owned()
    })
    .await;
    let to = "https://here/".to_owned();
    assert_eq!(found(&moved, None, None).await, Finding::Redirects { to });
    let listless = server(|_, _| answer("404 Not Found", "application/json", "{}")).await;
    assert_eq!(found(&format!("{listless}/v1"), None, None).await, Finding::NoList);
}

#[tokio::test]
async fn who_cannot_be_reached_is_told_with_the_reason_within_seconds() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let began = std::time::Instant::now();
    let refused = found("http://127.0.0.1:9/v1", None, None).await.to_string();
    assert!(refused.contains("cannot be reached") && refused.contains("refused"), "{refused}");
    let url = server(|_, _| list()).await;
    let no_tls = found(&url.replace("http:", "https:"), None, None).await;
    assert!(matches!(no_tls, Finding::Unreachable { .. }), "{no_tls:?}");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", silent.local_addr().unwrap());
    let finding = found(&url, None, None).await.to_string();
    assert!(finding.contains("within 2 s"), "{finding}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
