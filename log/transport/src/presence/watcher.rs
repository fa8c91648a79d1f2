//! Listening to who is there, for as long as it is held.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use uplion_domain::{
    RequestId, WorkerId,
    subject::{Filter, Subject},
};
use uuid::Uuid;

use super::View;
use crate::message::{Link, Message, Messages};

const TRY_AGAIN: Duration = Duration::from_millis(500);
/// How soon it is noticed that somebody is gone.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Under way at once.
const MOST_QUESTIONS: usize = 64;

/// Dropping it ends the listening.
pub struct Watcher {
    view: Arc<RwLock<View>>,
    /// Of the view.
    changed: watch::Receiver<u64>,
    listening: AbortHandle,
}

impl Watcher {
    /// Needs a runtime. Returns at once: what it knows, it knows some time later.
    pub fn start(messages: Arc<dyn Messages>, filter: Filter) -> Self {
        let view = Arc::new(RwLock::new(View::new(Instant::now())));
        let (tell, changed) = watch::channel(0);
        let listener = Listener { view: Arc::clone(&view), tell };
        let listening = tokio::spawn(async move {
            let never: Infallible = listener.keep_listening(messages, filter).await;
            match never {}
        });
        Self { view, changed, listening: listening.abort_handle() }
    }

    /// Asks the view something, quickly: beats wait meanwhile.
    pub fn ask<A>(&self, question: impl FnOnce(&View) -> A) -> A {
        question(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Told whenever a model may be served that was not, or the other way round.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

struct Listener {
    view: Arc<RwLock<View>>,
    tell: watch::Sender<u64>,
}

impl Listener {
    async fn keep_listening(&self, messages: Arc<dyn Messages>, filter: Filter) -> Infallible {
        loop {
            match messages.listen(&filter).await {
                Ok(heard) => self.listen(&messages, heard).await,
                Err(error) => tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "presence.listener.unavailable"
                ),
            }
            self.change(View::go_deaf);
            sleep(TRY_AGAIN).await;
        }
    }

    /// Until the subscription ends.
    async fn listen(
        &self,
        messages: &Arc<dyn Messages>,
        mut heard: tokio::sync::mpsc::Receiver<Message>,
    ) {
        let (mut link, mut questions) = (messages.link(), Questions::default());
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.on_link(*link.borrow_and_update());
        loop {
            // Whatever was heard while this stood still is taken note of before time passes.
            tokio::select! {
                biased;
                changed = link.changed() => match changed {
                    Ok(()) => self.on_link(*link.borrow_and_update()),
                    Err(_) => return,
                },
                message = heard.recv() => match message {
                    Some(message) => self.on_message(&message),
                    None => return,
                },
                (worker, heard) = questions.denied() => self.change(|view| view.lose(worker, heard)),
                _ = ticks.tick() => {
                    self.change(|view| view.tick(Instant::now()));
                    questions.ask(messages, self.missed());
                }
            }
        }
    }

    fn missed(&self) -> Vec<(WorkerId, Instant)> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).missed().collect()
    }

    fn on_link(&self, link: Link) {
        match link {
            Link::Up { .. } => self.change(|view| view.listen(Instant::now())),
            Link::Down => self.change(View::go_deaf),
        }
    }

    fn on_message(&self, Message { subject, payload }: &Message) {
        let Subject::Presence(who) = subject else { return };
        self.change(|view| {
            if let Err(error) = view.hear(Instant::now(), *who, payload) {
                tracing::debug!(error = &error as &dyn std::error::Error, %subject, "presence.beat.unreadable");
            }
        });
    }

    fn change(&self, how: impl FnOnce(&mut View)) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        how(&mut view);
        let changes = view.changes();
        drop(view);
        self.tell.send_if_modified(|known| std::mem::replace(known, changes) != changes);
    }
}

/// Whether workers that were not heard for a moment still listen.
#[derive(Default)]
struct Questions {
    asked: HashSet<WorkerId>,
    answers: JoinSet<(WorkerId, Instant, bool)>,
}

impl Questions {
    /// The broker, not the worker: one that is busy listens.
    fn ask(&mut self, messages: &Arc<dyn Messages>, missed: Vec<(WorkerId, Instant)>) {
        for (worker, heard) in missed {
            if self.asked.len() < MOST_QUESTIONS && self.asked.insert(worker) {
                let messages = Arc::clone(messages);
                // Workers listen to all requests that may be theirs: this one is nobody's.
                let subject = Subject::Worker { worker, request: RequestId::new(Uuid::nil()) };
                self.answers
                    .spawn(async move { (worker, heard, messages.has_listener(&subject).await) });
            }
        }
    }

    /// The next that does not, and when it was last heard.
    async fn denied(&mut self) -> (WorkerId, Instant) {
        loop {
            match self.answers.join_next().await {
                Some(Ok((worker, heard, listens))) => {
                    self.asked.remove(&worker);
                    if !listens {
                        return (worker, heard);
                    }
                }
                Some(Err(_)) => self.asked.clear(),
                None => return std::future::pending().await,
            }
        }
    }
}
