//! The scripted upstream of the benchmark as a process of its own, so that its time and memory are told apart.

use anyhow::ensure;

use crate::{
    http,
    port::Port,
    process::{Launch, Process},
    scratch, uplion, wait,
};

#[derive(Debug)]
pub struct MockUpstream {
    process: Process,
    port: Port,
}

impl MockUpstream {
    /// Answers requests that bring no script of their own by this one.
    ///
    /// # Errors
    /// When `uplion-bench` is not built, or does not come up.
    pub async fn start(script: &str) -> anyhow::Result<Self> {
        let program = uplion::built("uplion-bench")?;
        ensure!(program.exists(), "no {}: cargo build --package uplion-bench", program.display());
        let port = Port::reserve()?;
        let listen = format!("127.0.0.1:{}", port.number());
        let arguments = ["upstream", "--listen", &listen, "--script", script];
        let process = Process::start(Launch {
            program,
            arguments: arguments.map(Into::into).to_vec(),
            output: scratch::folder("upstream")?.join("output"),
            ..Launch::default()
        })?;
        let upstream = Self { process, port };
        let models = format!("{}/models", upstream.url());
        wait::until(wait::PATIENCE, "the mock upstream", async || {
            http::probe(&models).await.is_some()
        })
        .await
        .map_err(|error| upstream.process.with_output(&error))?;
        Ok(upstream)
    }

    /// With `/v1`, as an OpenAI client wants it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port.number())
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }
}
