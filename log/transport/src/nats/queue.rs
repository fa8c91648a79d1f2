//! A worker's place at the consumer that all workers of a model's class share.

use std::{fmt::Write, sync::Arc, time::Duration};

use async_nats::{
    Client, Message,
    jetstream::consumer::{AckPolicy, Config as ConsumerConfig, DeliverPolicy},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use tokio::{
    task::coop::unconstrained,
    time::{Instant, sleep_until},
};
use uplion_domain::{ModelName, request::Class, subject::Filter};

use super::{
    Shared,
    cursor::Delivery,
    pull::{Lost, Pull},
    tasks::QUEUE,
};
use crate::task::{ACK_WAIT, Queue, Receipt, TAKE_WAIT, TakeError, Taken, Ticket};

/// The server forgets a consumer that no worker asks for this long. Tickets outlive it, for the next one.
const INACTIVE: Duration = Duration::from_hours(1);
/// Requests of workers that wait for a ticket; one more is refused.
const MOST_WAITING: i64 = 16 * 1024;
/// Between attempts to reach a queue that is not there.
const PAUSE: Duration = Duration::from_millis(100);
const DONE: Bytes = Bytes::from_static(b"+ACK");
const PROGRESS: Bytes = Bytes::from_static(b"+WPI");

pub(super) struct NatsQueue {
    shared: Arc<Shared>,
    filter: Filter,
    pull: Option<Pull>,
}

impl NatsQueue {
    pub async fn new(shared: Arc<Shared>, model: ModelName, class: Class) -> Self {
        let filter = Filter::TasksOf { model, class };
        let mut queue = Self { shared, filter, pull: None };
        // A worker may come before the queue does: it finds it later.
        let _ = queue.open().await;
        queue
    }

    async fn open(&mut self) -> Result<&mut Pull, Lost> {
        let name = consumer_name(&self.filter);
        let config = ConsumerConfig {
            name: Some(name.clone()),
            durable_name: Some(name.clone()),
            filter_subject: self.filter.to_string(),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            // Past a limit on either, tickets would lie there unseen.
            max_ack_pending: -1,
            max_deliver: -1,
            max_waiting: MOST_WAITING,
            inactive_threshold: INACTIVE,
            memory_storage: true,
            ..ConsumerConfig::default()
        };
        let made = self.shared.api.consumer(QUEUE, &config).await;
        made.map_err(|error| Lost(error.to_string()))?;
        let (client, link) = (&self.shared.client, self.shared.links.watch());
        Ok(self.pull.insert(Pull::new(client, link, QUEUE, &name, TAKE_WAIT).await?))
    }

    async fn first(&mut self, most: usize, until: Instant) -> Result<Option<Message>, TakeError> {
        loop {
            let pull = match &mut self.pull {
                Some(pull) => Ok(pull),
                None => self.open().await,
            };
            let lost = match pull {
                // Asking for more at each ticket that is taken would cost as much as the ticket.
                Ok(pull) => match pull.next(most.div_ceil(2), most, until).await {
                    Ok(message) => return Ok(message),
                    Err(lost) => lost,
                },
                Err(lost) => lost,
            };
            self.give_back();
            let again = Instant::now() + PAUSE;
            if again >= until || !self.shared.links.is_up() {
                sleep_until(again).await;
                return Err(TakeError(lost.0));
            }
            sleep_until(again).await;
        }
    }

    /// Gives up the pull, and gives back at once what came after the last take.
    fn give_back(&mut self) {
        let Some(mut pull) = self.pull.take() else { return };
        while let Ok(Some(message)) = pull.ready() {
            if let Some(reply) = message.reply {
                let receipt = NatsReceipt { client: self.shared.client.clone(), reply };
                let _ = receipt.say_now(later(Duration::ZERO));
            }
        }
    }

    fn taken(&self, message: Message) -> Option<Taken> {
        let reply = message.reply?;
        let receipt = NatsReceipt { client: self.shared.client.clone(), reply };
        let Ok(ticket) = Ticket::decode(&message.payload) else {
            // None of ours: nobody could ever take it.
            tracing::warn!(subject = %message.subject, "task.unreadable");
            let _ = receipt.say_now(DONE);
            return None;
        };
        let delivery = Delivery::parse(&receipt.reply).map_or(1, |delivery| delivery.number);
        Some(Taken { ticket, delivery, receipt: Box::new(receipt) })
    }
}

#[async_trait]
impl Queue for NatsQueue {
    async fn take(&mut self, most: usize) -> Result<Vec<Taken>, TakeError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let Some(first) = self.first(most, Instant::now() + TAKE_WAIT).await? else {
            return Ok(Vec::new());
        };
        let mut taken: Vec<Taken> = self.taken(first).into_iter().collect();
        while taken.len() < most
            && let Some(pull) = &mut self.pull
        {
            match pull.ready() {
                Ok(Some(message)) => taken.extend(self.taken(message)),
                Ok(None) => break,
                Err(Lost(_)) => self.give_back(),
            }
        }
        Ok(taken)
    }
}

impl Drop for NatsQueue {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[derive(Debug)]
struct NatsReceipt {
    client: Client,
    reply: async_nats::Subject,
}

impl NatsReceipt {
    async fn say(&self, word: Bytes) -> Result<(), TakeError> {
        let said = self.client.publish(self.reply.clone(), word).await;
        said.map_err(|error| TakeError(error.to_string()))
    }

    /// Where waiting is impossible; unsaid if there is no room.
    fn say_now(&self, word: Bytes) -> Option<Result<(), TakeError>> {
        unconstrained(self.say(word)).now_or_never()
    }
}

#[async_trait]
impl Receipt for NatsReceipt {
    async fn done(&self) -> Result<(), TakeError> {
        self.say(DONE).await
    }

    async fn later(&self, delay: Duration) -> Result<(), TakeError> {
        self.say(later(delay)).await
    }

    async fn progress(&self) -> Result<(), TakeError> {
        self.say(PROGRESS).await
    }
}

fn later(delay: Duration) -> Bytes {
    format!("-NAK {{\"delay\":{}}}", delay.as_nanos()).into()
}

/// The filter's own name, unless nats-server would find it too long.
fn consumer_name(filter: &Filter) -> String {
    const MOST: usize = 240;
    const DIGEST: usize = 17;
    let mut name = filter.durable_name();
    if name.len() > MOST {
        let digest = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        name.truncate(MOST - DIGEST);
        let _ = write!(name, "_{digest:016x}");
    }
    name
}
