//! How a model's requests are served, as flags give it and as people see it.

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cli::{
    allowance::{Bound, Count},
    duration::{Seconds, shown},
    params,
};

/// What is not given stays as it is; `none` for what is usual.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How its requests are served")]
pub struct Terms {
    /// From admission to the end of the answer, at most 60m; usually 10m.
    #[arg(long, value_name = "TIME")]
    deadline: Option<Bound<Seconds>>,
    /// How long an upstream may say nothing before its first byte; usually as long as the deadline.
    #[arg(long, value_name = "TIME")]
    first_byte: Option<Bound<Seconds>>,
    /// How long an upstream may say nothing once it has begun; usually 5m.
    #[arg(long, value_name = "TIME")]
    between_chunks: Option<Bound<Seconds>>,
    /// Calls of upstreams for one request; usually 3.
    #[arg(long, value_name = "N")]
    attempts: Option<Bound<Count>>,
    /// How long other upstreams may be tried, beside the time that upstreams take; usually 10s.
    #[arg(long, value_name = "TIME")]
    retry_for: Option<Bound<Seconds>>,
    /// How long a request waits for a worker while none serves the model; usually it is answered 503 at once.
    #[arg(long, value_name = "TIME")]
    wait_for_worker: Option<Bound<Seconds>>,
}

/// As the API tells them.
#[derive(Debug, Deserialize)]
pub struct TermsView {
    deadline_s: Option<u64>,
    first_byte_s: Option<u64>,
    between_chunks_s: Option<u64>,
    attempts: Option<u64>,
    retry_for_s: Option<u64>,
    wait_for_worker_s: Option<u64>,
}

impl Terms {
    /// Of a body, if anything was given.
    pub fn field(&self) -> Option<(String, Value)> {
        let given = self.given();
        (!given.is_empty()).then(|| ("terms".to_owned(), Value::Object(given)))
    }

    fn given(&self) -> Map<String, Value> {
        let Self { deadline, first_byte, between_chunks, attempts, retry_for, wait_for_worker } =
            self;
        let seconds = |bound: &Option<Bound<Seconds>>| {
            bound.as_ref().map(|bound| bound.json(|Seconds(seconds)| json!(seconds)))
        };
        params::body([
            ("deadline_s", seconds(deadline)),
            ("first_byte_s", seconds(first_byte)),
            ("between_chunks_s", seconds(between_chunks)),
            ("attempts", attempts.as_ref().map(|most| most.json(|Count(most)| json!(most)))),
            ("retry_for_s", seconds(retry_for)),
            ("wait_for_worker_s", seconds(wait_for_worker)),
        ])
    }
}

impl TermsView {
    /// What was said of it; the rest is as by default.
    pub fn facts(&self) -> [(&'static str, Option<String>); 6] {
        let Self {
            deadline_s,
            first_byte_s,
            between_chunks_s,
            attempts,
            retry_for_s,
            wait_for_worker_s,
        } = self;
        [
            ("deadline", deadline_s.map(shown)),
            ("first byte", first_byte_s.map(|time| format!("within {}", shown(time)))),
            ("between chunks", between_chunks_s.map(|time| format!("at most {}", shown(time)))),
            ("attempts", attempts.map(|most| format!("at most {most}"))),
            ("retries", retry_for_s.map(|time| format!("for {}", shown(time)))),
            ("waits for a worker", wait_for_worker_s.map(shown)),
        ]
    }
}
