//! Who is there, as control hears it; and that control is there.

use std::{convert::Infallible, sync::Arc};

use uplion_domain::{
    ProcessId, WorkerId,
    subject::{Filter, Present},
};
use uplion_log_transport::{
    message::Messages,
    presence::{Beat, ControlReport, Report, Watcher, keep_beating},
};
use uuid::Uuid;

use crate::Readiness;

/// Everybody who was heard lately.
#[derive(Clone)]
pub struct Roll(Arc<Watcher>);

impl Roll {
    /// Needs a runtime.
    pub fn follow(messages: Arc<dyn Messages>) -> Self {
        Self(Arc::new(Watcher::start(messages, Filter::AllPresence)))
    }

    /// Whether whoever is there was heard by now.
    pub fn is_settled(&self) -> bool {
        self.0.ask(uplion_log_transport::presence::View::is_settled)
    }

    /// Who is there, and what each says; none while that is not known.
    pub fn all(&self) -> Option<Vec<(Present, Beat)>> {
        self.0.ask(|view| {
            let all = view.present().map(|(who, seen)| (*who, seen.beat.clone()));
            view.is_settled().then(|| all.collect())
        })
    }

    /// What the worker says of itself, if it is there.
    pub fn worker(&self, worker: WorkerId) -> Option<Beat> {
        self.0.ask(|view| view.get(&Present::Worker(worker)).map(|seen| seen.beat.clone()))
    }
}

/// That this control is there.
pub async fn keep_saying(messages: Arc<dyn Messages>, readiness: Readiness) -> Infallible {
    let me = Present::Control(ProcessId::new(Uuid::now_v7()));
    let beat = || Beat {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        leaving: false,
        hindrance: readiness.ready().err(),
        report: Report::Control(ControlReport {}),
    };
    keep_beating(messages, me, beat).await
}
