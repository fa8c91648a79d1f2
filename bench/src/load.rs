//! Load: clients that send chat completions on a schedule, or as fast as they are answered, and time the answers.

mod client;
mod schedule;
mod summary;

pub use summary::Summary;

use std::{net::SocketAddr, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use client::Client;
use schedule::Schedule;

#[derive(Debug, Clone, clap::Args)]
pub struct Load {
    /// Where the API is.
    #[arg(long)]
    pub address: SocketAddr,
    #[arg(long, default_value = "/v1/chat/completions")]
    pub path: String,
    #[arg(long, default_value = "none")]
    pub api_key: String,
    #[arg(long, default_value = "mock")]
    pub model: String,
    #[arg(long, default_value_t = 16)]
    pub connections: u32,
    #[arg(long, default_value_t = 3.0)]
    pub seconds: f64,
    /// Before anything is counted.
    #[arg(long, default_value_t = 0.5)]
    pub warmup_seconds: f64,
    /// Requests per second of all connections together, due whether or not earlier ones are answered; without it each
    /// connection sends its next request when the last one is answered.
    #[arg(long)]
    pub rate: Option<f64>,
    #[arg(long)]
    pub stream: bool,
    /// Go when the first part of the answer has come, as clients do.
    #[arg(long)]
    pub leave: bool,
    /// Bytes of the prompt.
    #[arg(long, default_value_t = 200)]
    pub prompt_bytes: usize,
}

/// One answered request.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// From when it was due to the last byte.
    pub whole: Duration,
    /// From when it was due to the first byte of the answer's body.
    pub first: Duration,
}

/// What one connection saw.
#[derive(Debug, Default)]
pub struct Tally {
    pub samples: Vec<Sample>,
    pub errors: u64,
    /// The first error, in words.
    pub error: Option<String>,
}

impl Load {
    pub async fn run(&self) -> Summary {
        let start = Instant::now() + Duration::from_millis(50);
        let counted_from = start + Duration::from_secs_f64(self.warmup_seconds);
        let end = counted_from + Duration::from_secs_f64(self.seconds);
        let mut connections = JoinSet::new();
        for number in 0..self.connections {
            let schedule = Schedule::new(self.rate, number, self.connections, start);
            let client = Client::new(self);
            connections.spawn(send(client, schedule, counted_from, end));
        }
        let mut tally = Tally::default();
        while let Some(ended) = connections.join_next().await {
            match ended {
                Ok(one) => tally.add(one),
                Err(error) => tally.failed(&error.into()),
            }
        }
        Summary::of(tally, self.seconds)
    }
}

async fn send(
    mut client: Client,
    mut schedule: Schedule,
    counted_from: Instant,
    end: Instant,
) -> Tally {
    let mut tally = Tally::default();
    loop {
        let due = schedule.next().await;
        if due >= end {
            return tally;
        }
        let counts = due >= counted_from;
        match client.complete().await {
            Ok(_) if !counts => {}
            Ok(answered) => {
                let (whole, first) =
                    (answered.last - due, answered.first.saturating_duration_since(due));
                tally.samples.push(Sample { whole, first });
            }
            Err(error) => {
                tally.failed(&error);
                // A server that is down would otherwise be asked as fast as it refuses.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.samples.extend(other.samples);
        self.errors += other.errors;
        self.error = self.error.take().or(other.error);
    }

    fn failed(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.error.get_or_insert_with(|| format!("{error:#}"));
    }
}
