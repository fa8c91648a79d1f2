//! Clients that ask all the time, each question like no other, and remember what became of it.

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use uplion_tests::{chat::ChatResponse, installation::Customer};

/// Longer than any request may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// After a rejection, as clients do.
const PAUSE: Duration = Duration::from_millis(200);
/// Of a hundred streams, so many are left before their end.
const LEFT_PERCENT: u32 = 5;

/// One request, as its client saw it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What the upstream knows it by.
    pub user: String,
    /// What the gateway knows it by; empty if no head came.
    pub request: String,
    /// In the whole answer.
    pub chunks: i64,
    /// Of the messages, and of the whole answer's text.
    pub bytes: (i64, i64),
    pub end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A whole answer, and the right one.
    Whole,
    /// A whole answer with a text that is not the one that the upstream gives.
    Wrong(String),
    /// A clear error, with its code; `streamed`: after a part of the answer.
    Refused { code: String, streamed: bool },
    /// No end came.
    Broken,
    /// The client went.
    Left,
}

pub struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Vec<Asked>>,
}

impl Load {
    pub fn start(customer: &Arc<Customer>, clients: usize, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut set = JoinSet::new();
        for number in 0..clients {
            let (customer, stop) = (Arc::clone(customer), Arc::clone(&stop));
            set.spawn(async move {
                let mut client = Client::new(customer, number, seed);
                while !stop.load(Ordering::Relaxed) {
                    client.ask().await;
                }
                client.asked
            });
        }
        Self { stop, clients: set }
    }

    /// No new requests; those under way are awaited.
    pub async fn stop(self) -> Vec<Asked> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await.concat()
    }
}

struct Client {
    customer: Arc<Customer>,
    number: usize,
    dice: StdRng,
    asked: Vec<Asked>,
}

impl Client {
    fn new(customer: Arc<Customer>, number: usize, seed: u64) -> Self {
        let dice = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(number as u64));
        Self { customer, number, dice, asked: Vec::new() }
    }

    async fn ask(&mut self) {
        let user = format!("client {} question {}", self.number, self.asked.len());
        let dice = &mut self.dice;
        let (chunks, pace) = (dice.random_range(1..30_u32), dice.random_range(0..30));
        let content = format!("{user} {}", "word ".repeat(dice.random_range(0..50)));
        let stream = dice.random_range(0..2) == 0;
        let mock = json!({"chunks": chunks, "pace_ms": pace, "delay_ms": pace * 5});
        let more = json!({"user": user, "stream": stream, "mock": mock});
        let question = self.customer.question(&content, &more);
        let leaves = stream && dice.random_range(0..100) < LEFT_PERCENT;
        let gateway = dice.random_range(0..2_usize);
        let asking = self.exchange(gateway, &question, leaves);
        let (request, end) = timeout(PATIENCE, asking).await.unwrap_or_default();
        let expected = expected(&question, chunks);
        let end = match end {
            Some(answer) => judge(&answer, &expected),
            None if leaves && !request.is_empty() => End::Left,
            None => End::Broken,
        };
        if matches!(end, End::Refused { .. } | End::Broken) {
            sleep(PAUSE).await;
        }
        let bytes = (question["messages"].to_string().len(), expected.len());
        let bytes = (i64::try_from(bytes.0).unwrap(), i64::try_from(bytes.1).unwrap());
        self.asked.push(Asked { user, request, chunks: chunks.into(), bytes, end });
    }

    /// The request's id, and the answer as far as it came; none without a head, or when the client left.
    async fn exchange(
        &self,
        gateway: usize,
        question: &Value,
        leaves: bool,
    ) -> (String, Option<ChatResponse>) {
        let Ok(mut response) = self.customer.at(gateway).send(question).await else {
            return Default::default();
        };
        let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        let id = id.unwrap_or_default().to_owned();
        if leaves && response.status() == 200 {
            drop(response.chunk().await);
            return (id, None);
        }
        (id, Some(ChatResponse::read(response).await))
    }
}

fn judge(answer: &ChatResponse, expected: &str) -> End {
    let error = answer.error();
    if let Some(code) = error["code"].as_str() {
        return End::Refused { code: code.to_owned(), streamed: answer.is_stream() };
    }
    let text = answer.text();
    match answer.is_whole() {
        true if text == expected => End::Whole,
        true => End::Wrong(format!("{text} instead of {expected}")),
        // What came must be the beginning of this answer, and of no other.
        false if expected.starts_with(&text) => End::Broken,
        false => End::Wrong(format!("{text} as a part of {expected}")),
    }
}

/// The text that the upstream gives: a mark of the messages, then numbers, in pieces of six bytes at least.
fn expected(question: &Value, chunks: u32) -> String {
    let messages = question["messages"].to_string();
    let mark = messages.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut text = format!("{mark:016x}0");
    for n in 1..chunks {
        write!(text, "{:.<6}", format!(" {n}")).unwrap();
    }
    text
}
