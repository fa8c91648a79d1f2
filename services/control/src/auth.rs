//! Who is at the other end? Whoever holds an admin key, or is signed in.
//!
//! What is shown is looked up in the event store at every call: a session that was closed, a key that was revoked and
//! a user who was disabled are refused at once, by every control.

pub mod memberships;
pub mod password;
pub mod proof;
pub mod sign_in;
pub mod throttle;

use std::{collections::BTreeMap, sync::Arc};

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uplion_domain::{
    KeyDigest, SessionId, UserId,
    admin_key::AdminKey as IssuedKey,
    session::Session,
    subject::AggregateId,
    user::{Access, Account, User},
};
use uplion_log_store::event_store::{EventStore, Scope};

use self::{
    memberships::Memberships,
    proof::{COOKIE, Proof},
};
use crate::{
    aggregate::Recorded,
    caller::{Actor, Caller},
    origin::Origin,
    permissions::Role,
    problem::Problem,
    write::{now, replay},
};

const TOKEN: &str = "Token";
const SESSION_COOKIE: &str = "SessionCookie";

/// The digest of the installation's first admin key: the key itself is forgotten at once.
#[derive(Clone)]
pub struct AdminKey([u8; 32]);

/// The caller of an operation. [`Caller::may`] says whether it may call it.
pub struct Auth(pub Caller);

/// How callers are recognised.
#[derive(Clone)]
pub struct Authenticator {
    pub admin_key: AdminKey,
    pub events: Arc<dyn EventStore>,
    pub memberships: Memberships,
    /// Other origins whose pages may make changes with a browser's cookie.
    pub allowed_origins: Arc<[String]>,
}

impl AdminKey {
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Takes the same time for every wrong key.
    fn is(&self, secret: &str) -> bool {
        Self::new(secret).0.ct_eq(&self.0).into()
    }
}

impl Authenticator {
    async fn caller(&self, request: &Request) -> Result<Caller, Problem> {
        let origin = request.data::<Origin>().cloned();
        let origin = origin.ok_or_else(|| Problem::internal("nobody saw the call arrive"))?;
        match Proof::of(request).ok_or_else(Problem::anonymous)? {
            Proof::Token(token) if self.admin_key.is(token.reveal()) => Ok(Caller {
                actor: Actor::Installation,
                everywhere: Some(Role::Admin),
                projects: BTreeMap::new(),
                session: None,
                origin,
            }),
            Proof::Token(token) if token.reveal().starts_with("ses_") => {
                self.session(token.reveal(), origin).await
            }
            Proof::Token(token) => self.issued_key(token.reveal(), origin).await,
            Proof::Cookie(token) => {
                self.must_be_from_here(request)?;
                self.session(token.reveal(), origin).await
            }
        }
    }

    pub fn must_be_from_here(&self, request: &Request) -> Result<(), Problem> {
        proof::must_be_from_here(request, &self.allowed_origins)
    }

    /// By a token `ses_<id>.<secret>`.
    async fn session(&self, token: &str, origin: Origin) -> Result<Caller, Problem> {
        let (id, secret) = token.split_once('.').ok_or_else(Problem::signed_out)?;
        let id: SessionId = id.parse().map_err(|_| Problem::signed_out())?;
        let history = self.events.history(&Session::aggregate(&id)).await?;
        let Session::Open { user, digest, opened_at, expires_at } = replay::<Session>(&history)?
        else {
            return Err(Problem::signed_out());
        };
        let right = KeyDigest::of(secret).as_bytes().ct_eq(digest.as_bytes());
        if !bool::from(right) || now() >= expires_at {
            return Err(Problem::signed_out());
        }
        let history = self.events.history(&User::aggregate(&user)).await?;
        match replay::<User>(&history)? {
            state @ User::Active(account) if state.keeps_session(opened_at) => {
                self.signed_in(user, account, Some(id), origin).await
            }
            User::Unregistered | User::Active(_) | User::Disabled(_) | User::Erased => {
                Err(Problem::signed_out())
            }
        }
    }

    pub async fn signed_in(
        &self,
        user: UserId,
        account: Account,
        session: Option<SessionId>,
        origin: Origin,
    ) -> Result<Caller, Problem> {
        Ok(Caller {
            actor: Actor::User(user),
            everywhere: Role::of_access(account.access),
            projects: self.memberships.of(user).await?,
            session,
            origin,
        })
    }

    async fn issued_key(&self, token: &str, origin: Origin) -> Result<Caller, Problem> {
        let digest = KeyDigest::of(token).to_string();
        let Some(AggregateId::AdminKey(id)) = self.events.holder(Scope::KeyDigest, &digest).await?
        else {
            return Err(Problem::signed_out());
        };
        let history = self.events.history(&IssuedKey::aggregate(&id)).await?;
        match replay::<IssuedKey>(&history)?.access(now()) {
            Access::None => Err(Problem::signed_out()),
            access @ (Access::Auditor | Access::Admin) => Ok(Caller {
                actor: Actor::AdminKey(id),
                everywhere: Role::of_access(access),
                projects: BTreeMap::new(),
                session: None,
                origin,
            }),
        }
    }
}

/// By hand: derived, it could not take one of several kinds of proof and say what is wrong with that one.
impl<'a> ApiExtractor<'a> for Auth {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let none = || MetaSecurityScheme {
            ty: "http",
            description: None,
            name: None,
            key_in: None,
            scheme: None,
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        let bearer = MetaSecurityScheme {
            description: Some("An admin key, or the token of a session."),
            scheme: Some("bearer"),
            ..none()
        };
        let cookie = MetaSecurityScheme {
            ty: "apiKey",
            description: Some(
                "Of a session, for browsers. Changes are taken from pages of this host only.",
            ),
            name: Some(COOKIE),
            key_in: Some("cookie"),
            ..none()
        };
        registry.create_security_scheme(TOKEN, bearer);
        registry.create_security_scheme(SESSION_COOKIE, cookie);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![TOKEN, SESSION_COOKIE]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let authenticator = request
            .data::<Authenticator>()
            .ok_or_else(|| Problem::internal("there is no authenticator"))?;
        Ok(Self(authenticator.caller(request).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_itself_is_the_key() {
        let key = AdminKey::new("sk-admin-1");
        assert!(key.is("sk-admin-1"));
        for wrong in ["", "sk-admin-2", "sk-admin-1 ", "sk-admin"] {
            assert!(!key.is(wrong), "{wrong:?}");
        }
    }
}
