//! Who is there, as each process says of itself once a second: told with how the log is.

use poem_openapi::{Enum, Object};
use uplion_domain::subject::Present;
use uplion_log_transport::presence::{Beat, Report};

use super::workers::presence::PresenceView;

/// A process of the installation that is there.
#[derive(Debug, Object)]
#[oai(rename = "Process")]
pub struct ProcessView {
    role: ProcessRole,
    id: String,
    /// Of its software.
    version: String,
    /// It takes nothing new and is about to go.
    leaving: bool,
    /// What keeps it from its work, in a sentence.
    hindrance: Option<String>,
    /// Of a worker.
    worker: Option<PresenceView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Enum)]
#[oai(rename_all = "snake_case")]
enum ProcessRole {
    Gateway,
    Worker,
    Control,
    Projector,
}

impl ProcessView {
    /// By role and id.
    pub fn all(present: &[(Present, Beat)]) -> Vec<Self> {
        let mut all: Vec<Self> = present.iter().map(|(who, beat)| Self::of(who, beat)).collect();
        all.sort_by(|one, two| (one.role, &one.id).cmp(&(two.role, &two.id)));
        all
    }

    fn of(who: &Present, beat: &Beat) -> Self {
        let (role, id) = match who {
            Present::Gateway(id) => (ProcessRole::Gateway, id.to_string()),
            Present::Worker(id) => (ProcessRole::Worker, id.to_string()),
            Present::Control(id) => (ProcessRole::Control, id.to_string()),
            Present::Projector(id) => (ProcessRole::Projector, id.to_string()),
        };
        let worker = match &beat.report {
            Report::Worker(_) => PresenceView::of(beat),
            Report::Gateway(_) | Report::Control(_) | Report::Projector(_) => None,
        };
        Self {
            role,
            id,
            version: beat.version.clone(),
            leaving: beat.leaving,
            hindrance: beat.hindrance.clone(),
            worker,
        }
    }
}
