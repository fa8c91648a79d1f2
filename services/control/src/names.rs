//! What a person types for a project, a user, a key, a model or a price, and what it is: an id, or a name that only one holds.

use std::{str::FromStr, sync::Arc};

use uplion_domain::{
    AdminKeyId, KeyId, ModelName, Nanos, PriceId, ProjectId, Timestamp, UserId, WorkerId,
    api_key::Models, money::UnknownAmount, project::Project, subject::AggregateId,
    time::UnknownTime, user::User,
};
use uplion_log_store::{
    event_store::{EventStore, Scope},
    people::People,
};

use crate::{aggregate::Recorded, problem::Problem, write::replay};

/// That a key speaks of: each is looked up.
const MOST_MODELS: usize = 1_000;

#[derive(Clone)]
pub struct Names {
    pub events: Arc<dyn EventStore>,
    pub people: Arc<dyn People>,
}

impl Names {
    /// By id, or by the name that it has now. Who may not see a project is not told whether that name is taken.
    pub async fn project(&self, text: &str) -> Result<ProjectId, Problem> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let holder = self.events.holder(Scope::ProjectName, text).await?;
        let Some(AggregateId::Project(id)) = holder else { return Err(Problem::unseen()) };
        Ok(id)
    }

    /// The same of one that need not be named.
    pub async fn maybe_project(&self, text: Option<&str>) -> Result<Option<ProjectId>, Problem> {
        match text {
            Some(text) => Ok(Some(self.project(text).await?)),
            None => Ok(None),
        }
    }

    /// Closed projects take no new keys.
    pub async fn must_be_open(&self, id: ProjectId) -> Result<(), Problem> {
        let history = self.events.history(&Project::aggregate(&id)).await?;
        match replay::<Project>(&history)? {
            Project::Open(_) => Ok(()),
            Project::Absent => Err(Problem::unseen()),
            Project::Closed => {
                Err(Problem::conflict("rejected", format!("project {id} is closed")))
            }
        }
    }

    /// By id, or by e-mail address.
    pub async fn user(&self, text: &str) -> Result<UserId, Problem> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let person = self.people.by_email(text).await?;
        person.and_then(|person| person.user.parse().ok()).ok_or_else(Problem::unseen)
    }

    /// The id of whose things a list shows. Of an address that nobody has there are none, as of somebody's whose things
    /// the caller may not see: which of the two it is stays untold.
    pub async fn user_filter(&self, text: &str) -> Result<String, Problem> {
        match self.user(text).await {
            Ok(id) => Ok(id.to_string()),
            Err(Problem::NotFound(_)) => Ok(String::new()),
            Err(other) => Err(other),
        }
    }

    /// A user that can be given something to do: nobody who was never registered or is erased.
    pub async fn registered_user(&self, text: &str) -> Result<UserId, Problem> {
        let unknown = || {
            let text = format!("no user has the id or the e-mail address {text:?}");
            Problem::unacceptable("unknown_user", text)
        };
        let id = self.user(text).await.map_err(|problem| match problem {
            Problem::NotFound(_) => unknown(),
            other => other,
        })?;
        let history = self.events.history(&User::aggregate(&id)).await?;
        match replay::<User>(&history)? {
            User::Active(_) | User::Disabled(_) => Ok(id),
            User::Unregistered | User::Erased => Err(unknown()),
        }
    }

    /// By its name or by an alias.
    pub async fn model(&self, text: &str) -> Result<ModelName, Problem> {
        let holder = self.events.holder(Scope::ModelName, text).await?;
        let Some(AggregateId::Model(name)) = holder else {
            return Err(Problem::not_found(format!("no model is called {text:?}")));
        };
        Ok(name)
    }

    /// The same of one that need not be named.
    pub async fn maybe_model(&self, text: Option<&str>) -> Result<Option<ModelName>, Problem> {
        match text {
            Some(text) => Ok(Some(self.model(text).await?)),
            None => Ok(None),
        }
    }

    /// A model that a command speaks of.
    pub async fn known_model(&self, text: &str) -> Result<ModelName, Problem> {
        self.model(text).await.map_err(|problem| match problem {
            Problem::NotFound(_) => {
                Problem::unacceptable("unknown_model", format!("no model is called {text:?}"))
            }
            other => other,
        })
    }

    /// The models that a key may use; none said: all of them.
    pub async fn models(&self, texts: Option<&[String]>) -> Result<Models, Problem> {
        let Some(texts) = texts else { return Ok(Models::All) };
        not_too_many(texts.len())?;
        let mut names = std::collections::BTreeSet::new();
        for text in texts {
            names.insert(self.known_model(text).await?);
        }
        Ok(Models::Only(names))
    }

    /// Who owns a key of a project belongs to it.
    pub async fn must_be_member(&self, id: ProjectId, user: UserId) -> Result<(), Problem> {
        let history = self.events.history(&Project::aggregate(&id)).await?;
        match replay::<Project>(&history)? {
            Project::Open(tenancy) if tenancy.members.contains_key(&user) => Ok(()),
            Project::Open(_) | Project::Absent | Project::Closed => {
                let text = format!("{user} is not a member of project {id}");
                Err(Problem::unacceptable("not_a_member", text))
            }
        }
    }
}

/// Whether so many models can be looked up for one key.
pub fn not_too_many(models: usize) -> Result<(), Problem> {
    if models > MOST_MODELS {
        let text = format!("a key names at most {MOST_MODELS} models: leave them out instead");
        return Err(Problem::unacceptable("rejected", text));
    }
    Ok(())
}

pub fn key(text: &str) -> Result<KeyId, Problem> {
    parse_id(text, "a key")
}

pub fn admin_key(text: &str) -> Result<AdminKeyId, Problem> {
    parse_id(text, "an admin key")
}

pub fn worker(text: &str) -> Result<WorkerId, Problem> {
    parse_id(text, "a worker")
}

/// A time that a command speaks of in `field`.
pub fn time(field: &str, text: &str) -> Result<Timestamp, Problem> {
    let unreadable = |error| Problem::unacceptable("rejected", format!("{field}: {error}"));
    text.parse().map_err(|error: UnknownTime| unreadable(error.to_string()))
}

/// Money that a command speaks of in `field`.
pub fn amount(field: &str, text: &str) -> Result<Nanos, Problem> {
    let unreadable = |error| Problem::unacceptable("rejected", format!("{field}: {error}"));
    text.parse().map_err(|error: UnknownAmount| unreadable(error.to_string()))
}

pub fn price(text: &str) -> Result<PriceId, Problem> {
    parse_id(text, "a price")
}

fn parse_id<T: FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("{text:?} is not the id of {what}")))
}
