//! Which models do the servers on this machine offer? For `uplion dev --upstream`, and for saying what could be added.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use uplion_protocol::models;

/// Where well-known local servers listen unless told otherwise.
const USUAL: [(&str, &str); 4] = [
    ("Ollama", "http://127.0.0.1:11434/v1"),
    ("LM Studio", "http://127.0.0.1:1234/v1"),
    ("vLLM", "http://127.0.0.1:8000/v1"),
    ("llama.cpp", "http://127.0.0.1:8080/v1"),
];

/// A model list is small; what is larger is none.
const MAX_LIST: usize = 4 << 20;

/// A server that was found on its usual port, and is not yet used.
pub struct Found {
    pub server: &'static str,
    pub url: &'static str,
    pub models: Vec<String>,
}

/// The models that a server lists.
pub async fn models_of(client: &reqwest::Client, url: &str) -> Result<Vec<String>> {
    let listed = async {
        let answer =
            client.get(format!("{url}/models")).timeout(Duration::from_secs(10)).send().await?;
        let body = answer.error_for_status()?.bytes().await?;
        ensure!(body.len() <= MAX_LIST, "the list is larger than {MAX_LIST} bytes");
        Ok(models::names(&body)?)
    };
    listed.await.with_context(|| {
        format!("{url}/models gives no list of models: an upstream is an OpenAI-compatible server, up to and including /v1")
    })
}

/// Servers on their usual ports, but for those in `used`.
pub async fn on_usual_ports(client: &reqwest::Client, used: &[String]) -> Vec<Found> {
    let looks = USUAL
        .iter()
        .filter(|(_, url)| !used.iter().any(|known| same_server(known, url)))
        .map(async |(server, url)| {
            let listed =
                tokio::time::timeout(Duration::from_millis(500), models_of(client, url)).await;
            let models = listed.ok()?.ok()?;
            Some(Found { server, url, models })
        });
    futures::future::join_all(looks).await.into_iter().flatten().collect()
}

fn same_server(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').replace("//localhost", "//127.0.0.1");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_not_offered_under_another_spelling() {
        assert!(same_server("http://localhost:8000/v1/", "http://127.0.0.1:8000/v1"));
        assert!(!same_server("http://127.0.0.1:8001/v1", "http://127.0.0.1:8000/v1"));
    }
}
