//! Of which projects is somebody a member, and as what?
//!
//! Folded from the event store in the order of commits and brought up to its end at every question, so that whoever was
//! removed is refused at once, by every control, whether or not a projector runs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uplion_domain::{
    Envelope, Event, ProjectId, UserId, project,
    subject::{AggregateId, Subject},
    user,
};
use uplion_log_store::event_store::{EventStore, Stored};

use crate::{permissions::Role, problem::Problem};

const BATCH: usize = 5_000;

#[derive(Clone)]
pub struct Memberships {
    events: Arc<dyn EventStore>,
    index: Arc<Mutex<MembershipIndex>>,
}

#[derive(Default)]
struct MembershipIndex {
    /// Of the event store.
    position: u64,
    of: HashMap<UserId, BTreeMap<ProjectId, Role>>,
}

impl Memberships {
    pub fn new(events: Arc<dyn EventStore>) -> Self {
        Self { events, index: Arc::default() }
    }

    pub async fn of(&self, user: UserId) -> Result<BTreeMap<ProjectId, Role>, Problem> {
        loop {
            let position = self.index().position;
            let news = self.events.after(position, BATCH).await?;
            let last = news.len() < BATCH;
            let mut index = self.index();
            for stored in news {
                index.apply(&stored)?;
            }
            if last {
                return Ok(index.of.get(&user).cloned().unwrap_or_default());
            }
        }
    }

    fn index(&self) -> MutexGuard<'_, MembershipIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MembershipIndex {
    /// Questions at the same time read the same news: what is known already changes nothing.
    fn apply(&mut self, stored: &Stored) -> Result<(), Problem> {
        if stored.position <= self.position {
            return Ok(());
        }
        if let Subject::Control(AggregateId::Project(_) | AggregateId::User(_)) = stored.subject {
            let envelope = Envelope::decode(&stored.event).map_err(Problem::unreadable)?;
            self.fold(&envelope.event);
        }
        self.position = stored.position;
        Ok(())
    }

    fn fold(&mut self, event: &Event) {
        match event {
            Event::Project(project, event) => match event {
                project::Event::MemberAdded { user, role, .. }
                | project::Event::MemberRoleChanged { user, role, .. } => {
                    self.of.entry(*user).or_default().insert(*project, Role::of_member(*role));
                }
                project::Event::MemberRemoved { user, .. } => {
                    if let Some(projects) = self.of.get_mut(user) {
                        projects.remove(project);
                    }
                }
                // Who ran a project may see its bills after it is closed.
                project::Event::Created { .. }
                | project::Event::Renamed { .. }
                | project::Event::BudgetChanged { .. }
                | project::Event::LimitsChanged { .. }
                | project::Event::Suspended { .. }
                | project::Event::Resumed { .. }
                | project::Event::Closed { .. } => {}
            },
            Event::User(user, user::Event::Erased { .. }) => {
                self.of.remove(user);
            }
            Event::Installation(..)
            | Event::User(..)
            | Event::Session(..)
            | Event::AdminKey(..)
            | Event::ApiKey(..)
            | Event::Model(..)
            | Event::Price(..)
            | Event::Request(_)
            | Event::Worker(_) => {}
        }
    }
}
