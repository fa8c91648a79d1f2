//! The HTTP client of the tests.

use std::{sync::LazyLock, time::Duration};

/// A client of its own: no proxy, no retries, no time limit.
pub fn client() -> reqwest::Client {
    builder().build().expect("the builder is given nothing that can be wrong")
}

fn builder() -> reqwest::ClientBuilder {
    // Another crate in the process may have installed the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    // Everything tested here is plain HTTP, and reading the system's certificates takes half a second.
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// The body, if the answer is 2xx within a second. Keeps no connection: tests have a runtime each.
pub(crate) async fn probe(url: &str) -> Option<String> {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let prober = builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(1));
        prober.build().expect("the builder is given nothing that can be wrong")
    });
    let answer = CLIENT.get(url).send().await.ok()?.error_for_status().ok()?;
    answer.text().await.ok()
}
