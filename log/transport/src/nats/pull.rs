//! A standing request for a consumer's messages: asked for ahead, taken one at a time, never more than was asked for.
//!
//! One subscription for as long as it lives; a new request only says how many more may come.

use std::time::Duration;

use async_nats::{Client, Message, StatusCode, Subscriber};
use futures::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::{
    sync::watch,
    task::coop::unconstrained,
    time::{Instant, sleep_until},
};

use crate::message::Link;

const HEARTBEAT: Duration = Duration::from_millis(500);
/// Without a word for this long, nobody serves the request any more.
const SILENCE: Duration = Duration::from_millis(1_500);
/// What was said may lie in the socket of a process that stood still itself: it gets this long to read it.
const GRACE: Duration = Duration::from_millis(250);
/// As nats-server spells the header that says how much of a request it will not serve.
const UNSERVED: &str = "Nats-Pending-Messages";

#[derive(Debug)]
pub(super) struct Pull {
    client: Client,
    link: watch::Receiver<Link>,
    /// Where requests go.
    next: String,
    inbox: String,
    messages: Subscriber,
    expires: Duration,
    /// Messages that were asked for and neither came nor were declared unserved.
    open: usize,
    /// When the silence will have been too long.
    silent: Instant,
    /// It was already, and the grace is running.
    doubted: bool,
}

/// The consumer, its leader or the connection is gone: make a new pull.
#[derive(Debug)]
pub(super) struct Lost(pub String);

#[derive(Serialize)]
struct Request {
    batch: usize,
    /// Nanoseconds.
    expires: u128,
    idle_heartbeat: u128,
}

impl Pull {
    pub async fn new(
        client: &Client,
        mut link: watch::Receiver<Link>,
        stream: &str,
        consumer: &str,
        expires: Duration,
    ) -> Result<Self, Lost> {
        if let Link::Down = *link.borrow_and_update() {
            return Err(Lost("not connected".into()));
        }
        let inbox = client.new_inbox();
        let messages = client.subscribe(inbox.clone()).await;
        Ok(Self {
            client: client.clone(),
            link,
            next: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
            inbox,
            messages: messages.map_err(|error| Lost(error.to_string()))?,
            expires,
            open: 0,
            silent: Instant::now() + SILENCE,
            doubted: false,
        })
    }

    /// The next message; none if none came until `until`. At most `most` are under way at once: when fewer than
    /// `least` are, it asks for more.
    pub async fn next(
        &mut self,
        least: usize,
        most: usize,
        until: Instant,
    ) -> Result<Option<Message>, Lost> {
        loop {
            if self.open < least {
                self.ask(most - self.open).await?;
            }
            let message = tokio::select! {
                biased;
                message = self.messages.next() => message,
                changed = self.link.changed() => {
                    return Err(Lost(changed.map_or("closed", |()| "reconnected").into()));
                }
                () = sleep_until(self.silent.min(until)) => {
                    if self.silent > until {
                        return Ok(None);
                    }
                    if self.doubted {
                        return Err(Lost(format!("nothing was heard for {SILENCE:?}")));
                    }
                    (self.doubted, self.silent) = (true, Instant::now() + GRACE);
                    continue;
                }
            };
            let message = message.ok_or_else(|| Lost("closed".into()))?;
            if let Some(message) = self.sort(message)? {
                return Ok(Some(message));
            }
        }
    }

    /// A message that has come already.
    pub fn ready(&mut self) -> Result<Option<Message>, Lost> {
        while let Some(Some(message)) = unconstrained(self.messages.next()).now_or_never() {
            if let Some(message) = self.sort(message)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    async fn ask(&mut self, batch: usize) -> Result<(), Lost> {
        let (expires, idle_heartbeat) = (self.expires.as_nanos(), HEARTBEAT.as_nanos());
        let request = Request { batch, expires, idle_heartbeat };
        let request = serde_json::to_vec(&request).expect("numbers are JSON");
        let (next, inbox) = (self.next.clone(), self.inbox.clone());
        let asked = self.client.publish_with_reply(next, inbox, request.into()).await;
        asked.map_err(|error| Lost(error.to_string()))?;
        if self.open == 0 {
            self.heard();
        }
        self.open += batch;
        Ok(())
    }

    fn heard(&mut self) {
        (self.doubted, self.silent) = (false, Instant::now() + SILENCE);
    }

    /// Tells messages from what the server says about the request.
    fn sort(&mut self, message: Message) -> Result<Option<Message>, Lost> {
        self.heard();
        let Some(status) = message.status else {
            self.open = self.open.saturating_sub(1);
            return Ok(Some(message));
        };
        let description = message.description.unwrap_or_default();
        match status {
            StatusCode::IDLE_HEARTBEAT => Ok(None),
            // What ended as planned, and what was one request too many.
            StatusCode::TIMEOUT | StatusCode::NOT_FOUND | StatusCode::REQUEST_TERMINATED
                if !is_final(&description) =>
            {
                let unserved = message.headers.as_ref().and_then(|headers| headers.get(UNSERVED));
                let unserved = unserved.and_then(|count| count.as_str().parse().ok());
                self.open = self.open.saturating_sub(unserved.unwrap_or(self.open));
                Ok(None)
            }
            _ => Err(Lost(format!("{status} {description}"))),
        }
    }
}

/// Of a terminated request: whether another one would fare no better.
fn is_final(description: &str) -> bool {
    ["Consumer Deleted", "Leadership Change", "Server Shutdown", "Consumer is push based"]
        .into_iter()
        .any(|known| description.eq_ignore_ascii_case(known))
}
