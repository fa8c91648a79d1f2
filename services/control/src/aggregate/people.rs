//! How users, sessions and admin keys lie in the event store.

use uplion_domain::{
    AdminKeyId, Aggregate as _, Event, SessionId, UserId,
    admin_key::{self, AdminKey},
    session::{self, Session},
    subject::AggregateId,
    user::{self, User},
};
use uplion_log_store::event_store::{Scope, Uniqueness};

use super::{Recorded, claim};
use crate::problem::Problem;

impl Recorded for User {
    type Id = UserId;

    fn aggregate(id: &UserId) -> AggregateId {
        AggregateId::User(*id)
    }

    fn wrap(id: &UserId, event: user::Event) -> Event {
        Event::User(*id, event)
    }

    fn unwrap(event: Event) -> Option<user::Event> {
        if let Event::User(_, event) = event { Some(event) } else { None }
    }

    /// Somebody administers the installation, once somebody does. The e-mail address is unique too, but in no event:
    /// the table of people sees to it.
    fn claims(&self, id: &UserId, event: &user::Event) -> Vec<Uniqueness> {
        let (scope, value) = (Scope::Administrator, id.to_string());
        match (self.administers(), self.clone().evolve(event).administers()) {
            (false, true) => vec![Uniqueness::Claim { scope, value }],
            (true, false) => vec![Uniqueness::ReleaseUnlessLast { scope, value }],
            (false, false) | (true, true) => vec![],
        }
    }
}

impl Recorded for Session {
    type Id = SessionId;

    fn aggregate(id: &SessionId) -> AggregateId {
        AggregateId::Session(*id)
    }

    fn wrap(id: &SessionId, event: session::Event) -> Event {
        Event::Session(*id, event)
    }

    fn unwrap(event: Event) -> Option<session::Event> {
        if let Event::Session(_, event) = event { Some(event) } else { None }
    }

    /// Found by its id, which its token begins with.
    fn claims(&self, _id: &SessionId, _event: &session::Event) -> Vec<Uniqueness> {
        vec![]
    }
}

impl Recorded for AdminKey {
    type Id = AdminKeyId;

    fn aggregate(id: &AdminKeyId) -> AggregateId {
        AggregateId::AdminKey(*id)
    }

    fn wrap(id: &AdminKeyId, event: admin_key::Event) -> Event {
        Event::AdminKey(*id, event)
    }

    fn unwrap(event: Event) -> Option<admin_key::Event> {
        if let Event::AdminKey(_, event) = event { Some(event) } else { None }
    }

    /// A revoked key's digest stays taken.
    fn claims(&self, _id: &AdminKeyId, event: &admin_key::Event) -> Vec<Uniqueness> {
        match event {
            admin_key::Event::Issued { digest, .. } => vec![claim(Scope::KeyDigest, digest)],
            admin_key::Event::Revoked { .. } => vec![],
        }
    }
}

impl From<user::Rejection> for Problem {
    fn from(rejection: user::Rejection) -> Self {
        use user::Rejection::{AlreadyRegistered, Erased, NotRegistered, SignsInElsewhere};
        let text = rejection.to_string();
        match rejection {
            NotRegistered => Self::not_found(text),
            AlreadyRegistered | Erased | SignsInElsewhere => Self::conflict("rejected", text),
        }
    }
}

impl From<session::Rejection> for Problem {
    fn from(rejection: session::Rejection) -> Self {
        use session::Rejection::{AlreadyOpened, ExpiresAtOnce, NotOpened};
        let text = rejection.to_string();
        match rejection {
            NotOpened => Self::not_found(text),
            AlreadyOpened => Self::conflict("rejected", text),
            ExpiresAtOnce => Self::unacceptable("rejected", text),
        }
    }
}

impl From<admin_key::Rejection> for Problem {
    fn from(rejection: admin_key::Rejection) -> Self {
        use admin_key::Rejection::{
            AlreadyIssued, ExpiresAtOnce, NotIssued, NothingAllowed, UnusableName,
        };
        let text = rejection.to_string();
        match rejection {
            NotIssued => Self::not_found(text),
            AlreadyIssued => Self::conflict("rejected", text),
            UnusableName(_) | NothingAllowed | ExpiresAtOnce => {
                Self::unacceptable("rejected", text)
            }
        }
    }
}
