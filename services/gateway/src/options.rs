//! What an operator may choose about a gateway, and every number of a request's life.

use std::time::Duration;

use uplion_domain::model::MAX_DEADLINE_S;
use uplion_log_transport::{
    stream::{StreamName, StreamSpec},
    task::QueueSpec,
};

use crate::end_user::EndUserKey;
pub use crate::serving::{RetryLimits, Serving};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(MAX_DEADLINE_S as u64);

#[derive(Debug, Clone)]
pub struct Options {
    pub timeouts: Timeouts,
    pub bounds: Bounds,
    /// Made at start and on reconnect if they are not there.
    pub streams: Vec<StreamSpec>,
    pub tasks: QueueSpec,
    /// Whether the `metadata` of clients is recorded with their requests.
    pub record_labels: bool,
    /// Other origins whose pages may call from a browser: `https://chat.example.org`; `*` for all.
    pub allowed_origins: Vec<String>,
    /// Under which end users are recorded; without it none is.
    pub end_user_key: Option<EndUserKey>,
}

/// How long things may take. Silence, credit and the worker's own ten seconds without a credit belong together:
/// whoever changes one must see that a gateway stops writing before a worker settles in its place.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Of a model that says nothing else.
    pub serving: Serving,
    /// A worker that says nothing for this long is given up.
    pub silence: Duration,
    /// After this many workers fell silent the request has failed.
    pub silent_claims: u32,
    /// Response headers of a stream wait for the first chunk this long.
    pub headers: Duration,
    /// Between two signs of life on a stream that has begun.
    pub keep_alive: Duration,
    /// Between two credits, if no progress calls for one earlier.
    pub credit: Duration,
    /// Nothing is written to a client for longer than this after the last credit that its worker echoed was sent.
    pub write_lease: Duration,
    /// For how long a second worker is told to wait before it asks again.
    pub wait: Duration,
    /// The client gets an error if TRAFFIC has not acknowledged the settlement by then.
    pub settle_ack: Duration,
    /// After the deadline. Later the sweeper may have settled.
    pub settle_grace: Duration,
    /// The client's body must have arrived by then.
    pub body: Duration,
    /// What rejected clients are told to wait.
    pub retry_after: Duration,
    /// What they are told if nobody serves their model. Presence tells of a change within a second.
    pub unavailable_retry_after: Duration,
}

/// How much may be held, in bytes unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub body: u64,
    /// All bodies together.
    pub bodies: u64,
    /// An answer that is not streamed.
    pub answer: u64,
    /// What a worker may send of a streamed answer beyond what was written to the client, at first.
    pub first_window: u64,
    /// The same once the client has read much.
    pub stream_window: u64,
    /// All answers together.
    pub answers: u64,
    /// Of all answers, what workers may have sent that was not heard here yet. With room to spare below what the
    /// broker lets wait for one connection, and so little that a sign of life behind it is in time.
    pub under_way: u64,
    /// Requests at once.
    pub in_flight: usize,
    /// Admission stops when TRAFFIC holds this share of what it may; the rest is for who is admitted already.
    pub traffic_percent: u64,
}

impl Default for Options {
    fn default() -> Self {
        let timeouts = Timeouts::default();
        Self {
            timeouts,
            bounds: Bounds::default(),
            streams: vec![
                StreamSpec {
                    name: StreamName::Traffic,
                    epoch: 1,
                    first_sequence: 1,
                    max_bytes: 8 * GIB,
                    replicas: 1,
                    dedup_window: timeouts.dedup_window(),
                },
                StreamSpec {
                    name: StreamName::Control,
                    epoch: 1,
                    first_sequence: 1,
                    max_bytes: 2 * GIB,
                    replicas: 1,
                    dedup_window: timeouts.dedup_window(),
                },
                StreamSpec {
                    name: StreamName::Workers,
                    epoch: 1,
                    first_sequence: 1,
                    max_bytes: 64 * MIB,
                    replicas: 1,
                    dedup_window: timeouts.dedup_window(),
                },
            ],
            tasks: QueueSpec {
                replicas: 1,
                most_per_model: 20_000,
                max_bytes: 256 * MIB,
                max_age: timeouts.dedup_window(),
            },
            record_labels: false,
            allowed_origins: Vec::new(),
            end_user_key: None,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            serving: Serving::default(),
            silence: Duration::from_secs(5),
            silent_claims: 3,
            headers: Duration::from_secs(10),
            keep_alive: Duration::from_secs(10),
            credit: Duration::from_secs(1),
            write_lease: Duration::from_secs(8),
            wait: Duration::from_secs(1),
            settle_ack: Duration::from_secs(10),
            settle_grace: Duration::from_secs(30),
            body: Duration::from_mins(1),
            retry_after: Duration::from_secs(1),
            unavailable_retry_after: Duration::from_secs(2),
        }
    }
}

impl Timeouts {
    pub const fn retry_after_s(&self) -> u64 {
        self.retry_after.as_secs()
    }

    /// A second settlement of a request is recognised, and its ticket kept, at least as long as anybody may write one.
    /// Which deadline a model has may change at any time: it is the longest that any may have.
    pub const fn dedup_window(&self) -> Duration {
        LONGEST_DEADLINE.saturating_add(Duration::from_mins(1))
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 32 * MIB,
            bodies: GIB,
            answer: 16 * MIB,
            first_window: 64 * KIB,
            stream_window: 256 * KIB,
            answers: GIB,
            under_way: 16 * MIB,
            in_flight: 20_000,
            traffic_percent: 90,
        }
    }
}
