//! Which values an aggregate holds, told from its events: for taking in events that came without their claims.

use std::borrow::Cow;

use uplion_domain::{
    Aggregate as _, Envelope, Event, admin_key, api_key, model, name, project, user::User,
};

use crate::{
    StoreError,
    event_store::{Scope, Stored, THE_INSTALLATION},
};

pub type HeldValues = Vec<(Scope, String)>;

/// All that the aggregate with this history holds.
pub fn held(history: &[Stored]) -> Result<HeldValues, StoreError> {
    let (mut held, mut user) = (HeldValues::new(), None::<(String, User)>);
    for stored in history {
        let envelope = Envelope::decode(&stored.event)
            .map_err(|error| StoreError::Unreadable(format!("{error}")))?;
        held = held_after(held, &envelope.event);
        if let Event::User(id, event) = &envelope.event {
            let (_, before) = user.take().unwrap_or_default();
            user = Some((id.to_string(), before.evolve(event)));
        }
    }
    let administrator = user.filter(|(_, user)| user.administers());
    held.extend(administrator.map(|(id, _)| (Scope::Administrator, id)));
    Ok(held)
}

/// All that the aggregate holds after the event, if it held `held` before.
fn held_after(mut held: HeldValues, event: &Event) -> HeldValues {
    match event {
        Event::Project(_, event) => match event {
            project::Event::Created { name, .. } | project::Event::Renamed { name, .. } => {
                vec![(Scope::ProjectName, name.clone())]
            }
            project::Event::Closed { .. } => Vec::new(),
            project::Event::MemberAdded { .. }
            | project::Event::MemberRoleChanged { .. }
            | project::Event::MemberRemoved { .. }
            | project::Event::BudgetChanged { .. }
            | project::Event::LimitsChanged { .. }
            | project::Event::Suspended { .. }
            | project::Event::Resumed { .. } => held,
        },
        // Digests are kept for ever: neither a revoked key's nor a replaced one ever is another's.
        Event::ApiKey(_, event) => {
            if let api_key::Event::Issued { digest, .. } | api_key::Event::Rotated { digest, .. } =
                event
            {
                held.push((Scope::KeyDigest, digest.to_string()));
            }
            held
        }
        Event::Model(name, event) => {
            let names = std::iter::once(name);
            let names: Vec<_> = match event {
                model::Event::Registered { aliases, .. }
                | model::Event::AliasesChanged { aliases, .. } => names.chain(aliases).collect(),
                // Its own name is never free again.
                model::Event::Retired { .. } => names.collect(),
                model::Event::UpstreamsChanged { .. }
                | model::Event::KindChanged { .. }
                | model::Event::ProcessesChanged { .. }
                | model::Event::OperationsChanged { .. }
                | model::Event::TermsChanged { .. } => return held,
            };
            names.into_iter().map(|name| (Scope::ModelName, name.to_string())).collect()
        }
        Event::AdminKey(_, event) => {
            if let admin_key::Event::Issued { digest, .. } = event {
                held.push((Scope::KeyDigest, digest.to_string()));
            }
            held
        }
        Event::Installation(..) => vec![(Scope::Installation, THE_INSTALLATION.to_owned())],
        // A user's e-mail address is unique too, but in no event: the table of people sees to it.
        Event::Price(..)
        | Event::User(..)
        | Event::Session(..)
        | Event::Request(_)
        | Event::Worker(_) => held,
    }
}

/// In which values are names of people's: two spellings may be one value.
pub const OF_NAMES: [Scope; 2] = [Scope::ProjectName, Scope::ModelName];

impl Scope {
    /// The value as it is compared with others.
    pub(crate) fn key(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::ProjectName | Self::ModelName => name::key(value).into(),
            Self::KeyDigest | Self::Installation | Self::Administrator => value.into(),
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProjectName => "project_name",
            Self::KeyDigest => "key_digest",
            Self::ModelName => "model_name",
            Self::Installation => "installation",
            Self::Administrator => "administrator",
        }
    }
}
