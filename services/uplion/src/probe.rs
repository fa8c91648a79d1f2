//! What is behind the URL of an upstream, as seen from this machine: asked before somebody waits for it in vain.

mod finding;
mod similar;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use uplion_protocol::models;

pub use self::finding::Finding;
use self::similar::most_similar;

/// Somebody waits at a terminal.
const WITHIN: Duration = Duration::from_secs(2);
/// A model list is small; what is larger is none.
const MAX_LIST: usize = 4 << 20;

/// What is to be there.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    pub url: &'a str,
    /// What the server calls the model; none if any will do.
    pub model: Option<&'a str>,
    /// What it wants to be shown, if that is known here.
    pub key: Option<&'a str>,
}

/// Asks the server for its models. Takes some seconds at most.
pub async fn probe(wanted: &Wanted<'_>) -> Finding {
    let client = Client::builder().timeout(WITHIN).redirect(Policy::none()).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return Finding::unreachable(&error),
    };
    let url = wanted.url.trim_end_matches('/');
    let finding = ask(&client, url, wanted).await;
    if !matches!(finding, Finding::NoApi { .. } | Finding::NoList) || url.ends_with("/v1") {
        return finding;
    }
    // The likeliest mistake.
    let with_version = format!("{url}/v1");
    match ask(&client, &with_version, wanted).await {
        Finding::Serves { .. } | Finding::Unlisted { .. } | Finding::KeyNeeded => {
            Finding::Elsewhere { url: with_version }
        }
        _ => finding,
    }
}

async fn ask(client: &Client, url: &str, wanted: &Wanted<'_>) -> Finding {
    let mut request = client.get(format!("{url}/models"));
    if let Some(key) = wanted.key {
        request = request.bearer_auth(key);
    }
    match request.send().await {
        Ok(response) => read(response, wanted).await,
        Err(error) => Finding::unreachable(&error),
    }
}

async fn read(mut response: Response, wanted: &Wanted<'_>) -> Finding {
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match wanted.key {
            Some(_) => Finding::KeyRefused { status: status.as_u16() },
            None => Finding::KeyNeeded,
        },
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Finding::NoList,
        _ if status.is_redirection() => {
            let to = response.headers().get("location").and_then(|to| to.to_str().ok());
            Finding::Redirects { to: to.unwrap_or_default().to_owned() }
        }
        _ if !status.is_success() => Finding::Fails { status: status.as_u16() },
        _ => match bounded(&mut response).await.map(|body| models::names(&body)) {
            Ok(Ok(models)) => listed(models, wanted.model),
            Ok(Err(_)) => Finding::NoApi { content_type: content_type(&response) },
            Err(error) => Finding::unreachable(&error),
        },
    }
}

fn listed(models: Vec<String>, wanted: Option<&str>) -> Finding {
    match wanted {
        Some(wanted) if !models.iter().any(|model| model == wanted) => {
            let similar = most_similar(wanted, &models).map(str::to_owned);
            Finding::Unlisted { wanted: wanted.to_owned(), similar, models }
        }
        Some(_) | None => Finding::Serves { models },
    }
}

async fn bounded(response: &mut Response) -> Result<Bytes, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > MAX_LIST {
            break;
        }
    }
    Ok(body.into())
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    value.unwrap_or("without a type").to_owned()
}

#[cfg(test)]
mod tests;
