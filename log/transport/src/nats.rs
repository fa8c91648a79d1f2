//! Streams, tasks and messages on NATS JetStream.

mod access;
mod acks;
mod api;
mod cursor;
mod link;
mod messages;
mod options;
mod part;
mod permissions;
mod pull;
mod queue;
mod record;
mod self_ping;
mod streams;
mod tasks;

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use uplion_domain::{Timestamp, subject::Subject};

pub use self::{
    access::shown,
    options::NatsOptions,
    permissions::{Permissions, Role},
};
use self::{
    acks::Publisher,
    api::Api,
    link::{Links, Member},
    messages::{ITSELF, NatsMessages},
    streams::NatsStreams,
    tasks::NatsTasks,
};
use crate::{
    Log,
    message::SendError,
    stream::{
        StreamName,
        batch_writer::{BatchSink, BatchWriter},
        reading::Reading,
    },
};

/// Messages that may wait to be written to the connection.
const SEND_BUFFER: usize = 8 * 1024;
/// Acknowledgements and tickets that may wait to be read; their number is bounded by what was sent.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// The connections of one process to NATS.
pub struct Nats(Arc<Shared>);

/// What all parts need.
struct Shared {
    options: NatsOptions,
    client: async_nats::Client,
    links: Arc<Links>,
    api: Api,
    publisher: Arc<Publisher>,
    traffic: BatchWriter,
    workers: BatchWriter,
    _member: Arc<Member>,
    /// For names that differ from all others that this process gives.
    names: AtomicU64,
    prefix: String,
    /// What is sent here comes back by each connection that listens.
    to_itself: String,
}

/// What has happened since the connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Events that [`append_soon`](crate::stream::Streams::append_soon) took and no stream has.
    pub events_lost: u64,
    /// The same, not acknowledged yet.
    pub events_under_way: usize,
    /// Core messages that met a full buffer.
    pub messages_lost: u64,
}

impl Nats {
    /// Fails at once if NATS cannot be reached; once connected, reconnects for ever.
    pub async fn connect(options: NatsOptions) -> Result<Self, SendError> {
        let links = Links::new();
        let (client, member) = options.connect(&links, RECEIVE_BUFFER).await?;
        let publisher = Publisher::new(client.clone(), Arc::clone(&links)).await;
        let publisher = Arc::new(publisher.map_err(SendError)?);
        let writer = |stream: StreamName| {
            let seal = stream.seal(options.log_keys.as_ref());
            BatchWriter::new(stream, seal, Arc::clone(&publisher) as Arc<dyn BatchSink>)
        };
        Ok(Self(Arc::new(Shared {
            prefix: client.new_inbox().rsplit('.').next().unwrap_or_default().to_owned(),
            to_itself: format!("{}.{ITSELF}", client.new_inbox()),
            api: Api::new(client.clone()),
            traffic: writer(StreamName::Traffic),
            workers: writer(StreamName::Workers),
            publisher,
            options,
            client,
            links,
            _member: member,
            names: AtomicU64::new(0),
        })))
    }

    /// Makes connections anew that have not heard for some seconds what this process sends, for whoever stays for long.
    #[must_use]
    pub fn hearing_itself(self) -> Self {
        tokio::spawn(self_ping::keep_pinging(Arc::downgrade(&self.0)));
        self
    }

    pub fn log(&self) -> Log {
        Log {
            streams: Arc::new(NatsStreams(Arc::clone(&self.0))),
            tasks: Arc::new(NatsTasks::new(Arc::clone(&self.0))),
            messages: Arc::new(NatsMessages(Arc::clone(&self.0))),
            keys: self.0.options.log_keys.clone(),
        }
    }

    pub fn stats(&self) -> Stats {
        let [traffic, workers] = [self.0.traffic.stats(), self.0.workers.stats()];
        let events_lost = traffic.lost + workers.lost;
        let events_under_way = traffic.under_way + workers.under_way;
        Stats { events_lost, events_under_way, messages_lost: self.0.links.lost() }
    }

    /// As the server that it is connected to says it: for `uplion doctor`.
    pub fn server_version(&self) -> String {
        self.0.client.server_info().version
    }
}

/// With room for the longest subjects of every request, instead of growing into it.
fn spelled(subject: &Subject) -> String {
    let mut text = String::with_capacity(96);
    write!(text, "{subject}").expect("a string takes whatever is written to it");
    text
}

impl Shared {
    /// None where a message is one event.
    const fn writer(&self, stream: StreamName) -> Option<&BatchWriter> {
        match stream {
            StreamName::Traffic => Some(&self.traffic),
            StreamName::Workers => Some(&self.workers),
            StreamName::Control => None,
        }
    }

    fn reading(&self, stream: StreamName, created: Timestamp) -> Reading {
        // Who writes there has no keys.
        let keys = self.options.log_keys.clone().filter(|_| stream != StreamName::Workers);
        Reading { stream, created, keys }
    }

    fn unique(&self) -> String {
        format!("{}_{}", self.prefix, self.names.fetch_add(1, Ordering::Relaxed))
    }
}
