//! Which values an aggregate holds, told from its events: for taking in events that came without their claims.

use uplion_domain::{Event, admin_key, api_key, model, project};

use crate::event_store::Scope;

/// All that the aggregate holds after the event; none if the event changes nothing of it.
pub fn held_after(event: &Event) -> Option<Vec<(Scope, String)>> {
    let project_name = |name: &String| vec![(Scope::ProjectName, name.clone())];
    match event {
        Event::Project(_, event) => match event {
            project::Event::Created { name, .. } | project::Event::Renamed { name, .. } => {
                Some(project_name(name))
            }
            project::Event::Closed { .. } => Some(Vec::new()),
            project::Event::MemberAdded { .. }
            | project::Event::MemberRoleChanged { .. }
            | project::Event::MemberRemoved { .. }
            | project::Event::BudgetChanged { .. }
            | project::Event::LimitsChanged { .. }
            | project::Event::Suspended { .. }
            | project::Event::Resumed { .. } => None,
        },
        // A revoked key's digest stays taken.
        Event::ApiKey(_, event) => match event {
            api_key::Event::Issued { digest, .. } => {
                Some(vec![(Scope::KeyDigest, digest.to_string())])
            }
            api_key::Event::Allowed { .. } | api_key::Event::Revoked { .. } => None,
        },
        Event::Model(name, event) => {
            let names = std::iter::once(name);
            let names: Vec<_> = match event {
                model::Event::Registered { aliases, .. }
                | model::Event::AliasesChanged { aliases, .. } => names.chain(aliases).collect(),
                // Its own name is never free again.
                model::Event::Retired { .. } => names.collect(),
                model::Event::UpstreamsChanged { .. } => return None,
            };
            Some(names.into_iter().map(|name| (Scope::ModelName, name.to_string())).collect())
        }
        Event::AdminKey(_, event) => match event {
            admin_key::Event::Issued { digest, .. } => {
                Some(vec![(Scope::KeyDigest, digest.to_string())])
            }
            admin_key::Event::Revoked { .. } => None,
        },
        // A user's e-mail address is unique too, but in no event: the table of people sees to it.
        Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::Request(_)
        | Event::Worker(_) => None,
    }
}

impl Scope {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProjectName => "project_name",
            Self::KeyDigest => "key_digest",
            Self::ModelName => "model_name",
        }
    }
}
