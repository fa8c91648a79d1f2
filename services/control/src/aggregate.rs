//! How each aggregate lies in the event store: its id, which of its events claim or free a name, what its rejections say.

mod people;

use uplion_domain::{
    Aggregate, Event, InstallationId, KeyId, ModelName, PriceId, ProjectId,
    api_key::{self, ApiKey},
    installation::{self, Installation},
    model::{self, Model},
    price::{self, Price},
    project::{self, Project},
    subject::AggregateId,
};
use uplion_log_store::event_store::{Scope, THE_INSTALLATION, Uniqueness};

use crate::problem::Problem;

pub trait Recorded: Aggregate<Event: Send + Sync, Rejection: Into<Problem>> + Send + Sync {
    type Id: Clone + Send + Sync;

    fn aggregate(id: &Self::Id) -> AggregateId;

    fn wrap(id: &Self::Id, event: Self::Event) -> Event;

    /// None if the event is another aggregate's.
    fn unwrap(event: Event) -> Option<Self::Event>;

    /// What `event` takes or frees, in the state that it happens to.
    fn claims(&self, id: &Self::Id, event: &Self::Event) -> Vec<Uniqueness>;
}

fn claim(scope: Scope, value: &impl ToString) -> Uniqueness {
    Uniqueness::Claim { scope, value: value.to_string() }
}

fn release(scope: Scope, value: &impl ToString) -> Uniqueness {
    Uniqueness::Release { scope, value: value.to_string() }
}

impl Recorded for Project {
    type Id = ProjectId;

    fn aggregate(id: &ProjectId) -> AggregateId {
        AggregateId::Project(*id)
    }

    fn wrap(id: &ProjectId, event: project::Event) -> Event {
        Event::Project(*id, event)
    }

    fn unwrap(event: Event) -> Option<project::Event> {
        if let Event::Project(_, event) = event { Some(event) } else { None }
    }

    fn claims(&self, _id: &ProjectId, event: &project::Event) -> Vec<Uniqueness> {
        let held = match self {
            Self::Open(tenancy) => Some(release(Scope::ProjectName, &tenancy.name)),
            Self::Absent | Self::Closed => None,
        };
        let wanted = match event {
            project::Event::Created { name, .. } | project::Event::Renamed { name, .. } => {
                Some(claim(Scope::ProjectName, name))
            }
            project::Event::Closed { .. } => None,
            project::Event::MemberAdded { .. }
            | project::Event::MemberRoleChanged { .. }
            | project::Event::MemberRemoved { .. }
            | project::Event::BudgetChanged { .. }
            | project::Event::LimitsChanged { .. }
            | project::Event::Suspended { .. }
            | project::Event::Resumed { .. } => return vec![],
        };
        held.into_iter().chain(wanted).collect()
    }
}

impl Recorded for ApiKey {
    type Id = KeyId;

    fn aggregate(id: &KeyId) -> AggregateId {
        AggregateId::ApiKey(*id)
    }

    fn wrap(id: &KeyId, event: api_key::Event) -> Event {
        Event::ApiKey(*id, event)
    }

    fn unwrap(event: Event) -> Option<api_key::Event> {
        if let Event::ApiKey(_, event) = event { Some(event) } else { None }
    }

    /// Neither a revoked nor a replaced secret ever becomes valid again under another id: digests stay taken.
    fn claims(&self, _id: &KeyId, event: &api_key::Event) -> Vec<Uniqueness> {
        match event {
            api_key::Event::Issued { digest, .. } | api_key::Event::Rotated { digest, .. } => {
                vec![claim(Scope::KeyDigest, digest)]
            }
            api_key::Event::Described { .. }
            | api_key::Event::Allowed { .. }
            | api_key::Event::ExpiryChanged { .. }
            | api_key::Event::QuotaChanged { .. }
            | api_key::Event::BudgetChanged { .. }
            | api_key::Event::LimitsChanged { .. }
            | api_key::Event::Enabled { .. }
            | api_key::Event::Disabled { .. }
            | api_key::Event::Revoked { .. } => vec![],
        }
    }
}

impl Recorded for Model {
    type Id = ModelName;

    fn aggregate(id: &ModelName) -> AggregateId {
        AggregateId::Model(id.clone())
    }

    fn wrap(id: &ModelName, event: model::Event) -> Event {
        Event::Model(id.clone(), event)
    }

    fn unwrap(event: Event) -> Option<model::Event> {
        if let Event::Model(_, event) = event { Some(event) } else { None }
    }

    /// A model's name is never free again; its aliases are once it is retired.
    fn claims(&self, id: &ModelName, event: &model::Event) -> Vec<Uniqueness> {
        let held = match self {
            Self::Registered(registration) => registration.aliases.clone(),
            Self::Unknown | Self::Retired => std::collections::BTreeSet::new(),
        };
        let exchange = |wanted: &std::collections::BTreeSet<ModelName>| {
            let freed = held.difference(wanted).map(|alias| release(Scope::ModelName, alias));
            let taken = wanted.difference(&held).map(|alias| claim(Scope::ModelName, alias));
            freed.chain(taken).collect::<Vec<_>>()
        };
        match event {
            model::Event::Registered { aliases, .. } => {
                let mut claims = vec![claim(Scope::ModelName, id)];
                claims.extend(exchange(aliases));
                claims
            }
            model::Event::AliasesChanged { aliases, .. } => exchange(aliases),
            model::Event::Retired { .. } => exchange(&std::collections::BTreeSet::new()),
            model::Event::UpstreamsChanged { .. }
            | model::Event::KindChanged { .. }
            | model::Event::ProcessesChanged { .. }
            | model::Event::OperationsChanged { .. }
            | model::Event::TermsChanged { .. } => vec![],
        }
    }
}

impl Recorded for Installation {
    type Id = InstallationId;

    fn aggregate(id: &InstallationId) -> AggregateId {
        AggregateId::Installation(*id)
    }

    fn wrap(id: &InstallationId, event: installation::Event) -> Event {
        Event::Installation(*id, event)
    }

    fn unwrap(event: Event) -> Option<installation::Event> {
        if let Event::Installation(_, event) = event { Some(event) } else { None }
    }

    fn claims(&self, _id: &InstallationId, event: &installation::Event) -> Vec<Uniqueness> {
        let installation::Event::Founded { .. } = event;
        vec![claim(Scope::Installation, &THE_INSTALLATION)]
    }
}

impl Recorded for Price {
    type Id = PriceId;

    fn aggregate(id: &PriceId) -> AggregateId {
        AggregateId::Price(*id)
    }

    fn wrap(id: &PriceId, event: price::Event) -> Event {
        Event::Price(*id, event)
    }

    fn unwrap(event: Event) -> Option<price::Event> {
        if let Event::Price(_, event) = event { Some(event) } else { None }
    }

    fn claims(&self, _id: &PriceId, _event: &price::Event) -> Vec<Uniqueness> {
        vec![]
    }
}

impl From<project::Rejection> for Problem {
    fn from(rejection: project::Rejection) -> Self {
        use project::Rejection::{
            AlreadyCreated, AlreadyMember, Budget, Closed, LastOwner, Limits, NotAMember,
            NotCreated, TooManyMembers, UnusableName,
        };
        let text = rejection.to_string();
        match rejection {
            NotCreated | NotAMember => Self::not_found(text),
            AlreadyCreated | AlreadyMember | Closed | LastOwner | TooManyMembers => {
                Self::conflict("rejected", text)
            }
            UnusableName(_) | Budget(_) | Limits(_) => Self::unacceptable("rejected", text),
        }
    }
}

impl From<api_key::Rejection> for Problem {
    fn from(rejection: api_key::Rejection) -> Self {
        use api_key::Rejection::{
            AlreadyIssued, Budget, EmptyQuota, EndlessQuota, ExpiresInThePast, GraceTooLong,
            Limits, NoModelLeft, NotIssued, Revoked, UnusableDescription, UnusableName,
        };
        let text = rejection.to_string();
        match rejection {
            NotIssued => Self::not_found(text),
            AlreadyIssued | Revoked => Self::conflict("rejected", text),
            NoModelLeft | UnusableName(_) | UnusableDescription | ExpiresInThePast | EmptyQuota
            | EndlessQuota | GraceTooLong | Budget(_) | Limits(_) => {
                Self::unacceptable("rejected", text)
            }
        }
    }
}

impl From<model::Rejection> for Problem {
    fn from(rejection: model::Rejection) -> Self {
        use model::Rejection::{
            AlreadyRegistered, NoCapacity, NoOperation, NoProcess, NoSuchUpstream, NotRegistered,
            Retired, SameUpstream, TooManyAliases, TooManyOperations, TooManyUpstreams,
            UnusableCredential, UnusableSecret, UnusableTerm, UnusableUrl, UnusableWeight,
        };
        let text = rejection.to_string();
        match rejection {
            NotRegistered | NoSuchUpstream => Self::not_found(text),
            AlreadyRegistered | Retired | SameUpstream => Self::conflict("rejected", text),
            UnusableUrl(_)
            | NoCapacity
            | UnusableCredential
            | UnusableSecret
            | UnusableWeight
            | UnusableTerm { .. }
            | NoProcess
            | NoOperation
            | TooManyAliases
            | TooManyUpstreams
            | TooManyOperations => Self::unacceptable("rejected", text),
        }
    }
}

impl From<installation::Rejection> for Problem {
    fn from(rejection: installation::Rejection) -> Self {
        use installation::Rejection::{AlreadyFounded, TooManyMinorDigits};
        let text = rejection.to_string();
        match rejection {
            AlreadyFounded => Self::conflict("rejected", text),
            TooManyMinorDigits => Self::unacceptable("rejected", text),
        }
    }
}

impl From<price::Rejection> for Problem {
    fn from(rejection: price::Rejection) -> Self {
        use price::Rejection::{
            AlreadySet, NoLastRule, NotSet, TooManyRules, UnusableRate, UnusableTime,
        };
        let text = rejection.to_string();
        match rejection {
            NotSet => Self::not_found(text),
            AlreadySet => Self::conflict("rejected", text),
            UnusableRate { .. } | TooManyRules | NoLastRule | UnusableTime => {
                Self::unacceptable("rejected", text)
            }
        }
    }
}
