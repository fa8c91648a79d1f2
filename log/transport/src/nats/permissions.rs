//! What each role may do at NATS, and nothing else: the one place that says so.
//!
//! `uplion nats permissions` prints it for a server's configuration. A role that comes to need something new needs a line
//! here; tests run an installation in which every role has exactly this.

use std::str::FromStr;

use uplion_domain::subject::{Filter, Pattern};

use super::{
    messages::{ITSELF, NOBODY},
    options::INBOX,
    tasks::QUEUE,
};
use crate::stream::StreamName;

/// What connects to NATS. `uplion dev` is all of them in one process, and needs an account of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Gateway,
    Worker,
    Control,
    Projector,
    /// `uplion log epoch` and `uplion log restore`.
    Maintenance,
    /// `uplion doctor`: it reads how things are.
    Doctor,
}

/// Subjects, with wildcards. What is not named is forbidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role")]
pub struct UnknownRole(pub String);

impl Role {
    pub const ALL: [Self; 6] = [
        Self::Gateway,
        Self::Worker,
        Self::Control,
        Self::Projector,
        Self::Maintenance,
        Self::Doctor,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
            Self::Control => "control",
            Self::Projector => "projector",
            Self::Maintenance => "maintenance",
            Self::Doctor => "doctor",
        }
    }

    /// What its inboxes begin with: answers and acknowledgements, tickets, and what is read of streams come there.
    pub fn inbox(self) -> String {
        format!("{INBOX}_{}", self.as_str())
    }

    pub fn permissions(self) -> Permissions {
        let permissions = Permissions::default().hears(&format!("{}.>", self.inbox()));
        match self {
            Self::Gateway => gateway(permissions),
            Self::Worker => worker(permissions),
            Self::Control => control(permissions),
            Self::Projector => projector(permissions),
            Self::Maintenance => maintenance(permissions),
            Self::Doctor => doctor(permissions),
        }
    }
}

/// It owns the streams: whoever of the gateways comes first makes them.
fn gateway(permissions: Permissions) -> Permissions {
    let permissions = StreamName::ALL.into_iter().fold(permissions, Permissions::makes);
    permissions
        .makes_queue()
        .reads(StreamName::Control)
        .writes(StreamName::Traffic)
        .says(&Pattern::Tasks)
        .says(&Pattern::ToWorkers)
        .says(&Pattern::NobodysAtGateways)
        .says(&Pattern::PresenceOfGateways)
        .listens(Role::Gateway)
        .hears(&Pattern::ToGateways)
        .hears(&Pattern::PresenceOfWorkers)
}

fn worker(permissions: Permissions) -> Permissions {
    permissions
        .knows(StreamName::Workers)
        .reads_part(StreamName::Control, &Filter::ControlOfModels)
        .takes_tickets()
        .writes(StreamName::Workers)
        .says(&Pattern::ToGateways)
        .says(&Pattern::PresenceOfWorkers)
        .listens(Role::Worker)
        .hears(&Pattern::ToWorkers)
        // One that lives is asked to settle in the place of one that is lost.
        .hears(&Pattern::PresenceOfGateways)
}

fn control(permissions: Permissions) -> Permissions {
    let permissions = StreamName::ALL.into_iter().fold(permissions, |permissions, stream| {
        permissions.makes(stream).api(&format!("STREAM.MSG.GET.{stream}"))
    });
    permissions
        // What somebody else put at its end is read past.
        .reads(StreamName::Control)
        .api("INFO")
        .says(&Pattern::Control)
        .says(&Pattern::NobodysAtWorkers)
        .says(&Pattern::PresenceOfControls)
        .listens(Role::Control)
        .hears(&Pattern::Presence)
}

fn projector(permissions: Permissions) -> Permissions {
    let permissions = StreamName::ALL.into_iter().fold(permissions, |permissions, stream| {
        // Of a stream that was made anew it writes down the epoch.
        permissions.knows(stream).reads(stream).api(&format!("STREAM.UPDATE.{stream}"))
    });
    permissions
        .api(&format!("STREAM.PURGE.{}", StreamName::Traffic))
        .api(&format!("STREAM.PURGE.{}", StreamName::Workers))
        // When a request was accepted by the stream's own time.
        .api(&format!("STREAM.MSG.GET.{}", StreamName::Traffic))
        .writes(StreamName::Traffic)
        .says(&Pattern::PresenceOfProjectors)
}

fn maintenance(permissions: Permissions) -> Permissions {
    let permissions = StreamName::ALL.into_iter().fold(permissions, |permissions, stream| {
        permissions.knows(stream).api(&format!("STREAM.UPDATE.{stream}"))
    });
    permissions.reads(StreamName::Control)
}

fn doctor(permissions: Permissions) -> Permissions {
    StreamName::ALL.into_iter().fold(permissions, Permissions::knows).api("INFO")
}

impl Permissions {
    fn says(mut self, subject: &impl ToString) -> Self {
        self.publish.push(subject.to_string());
        self
    }

    fn hears(mut self, subject: &impl ToString) -> Self {
        self.subscribe.push(subject.to_string());
        self
    }

    /// Asks `JetStream`.
    fn api(self, question: &str) -> Self {
        self.says(&format!("$JS.API.{question}"))
    }

    fn knows(self, stream: StreamName) -> Self {
        self.api(&format!("STREAM.INFO.{stream}"))
    }

    fn makes(self, stream: StreamName) -> Self {
        let this = self.knows(stream).api(&format!("STREAM.CREATE.{stream}"));
        this.api(&format!("STREAM.UPDATE.{stream}"))
    }

    fn makes_queue(self) -> Self {
        let questions = ["INFO", "CREATE", "UPDATE"].into_iter();
        questions.fold(self, |this, question| this.api(&format!("STREAM.{question}.{QUEUE}")))
    }

    fn reads(self, stream: StreamName) -> Self {
        let this = self.api(&format!("CONSUMER.CREATE.{stream}.*"));
        this.api(&format!("CONSUMER.MSG.NEXT.{stream}.*"))
    }

    /// The server refuses a consumer whose filter is another than its subject says.
    fn reads_part(self, stream: StreamName, filter: &Filter) -> Self {
        self.api(&format!("CONSUMER.CREATE.{stream}.*.{filter}"))
            .api(&format!("CONSUMER.INFO.{stream}.*"))
            .api(&format!("CONSUMER.MSG.NEXT.{stream}.*"))
    }

    fn takes_tickets(self) -> Self {
        self.api(&format!("CONSUMER.CREATE.{QUEUE}.*.{}", Filter::AllTasks))
            .api(&format!("CONSUMER.MSG.NEXT.{QUEUE}.*"))
            .says(&format!("$JS.ACK.{QUEUE}.>"))
    }

    fn writes(self, stream: StreamName) -> Self {
        stream.batch_subject().iter().fold(self, Self::says)
    }

    /// A listener sends a message to nobody, to learn that the server knows of it, and to itself, to learn that it hears.
    fn listens(self, role: Role) -> Self {
        let this = self.says(&format!("{}.*.{NOBODY}", role.inbox()));
        this.says(&format!("{}.*.{ITSELF}", role.inbox()))
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
