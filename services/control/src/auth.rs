//! Who is at the other end? Whoever shows the installation's admin key.

#[allow(dead_code, reason = "signing in is next")]
pub mod password;
#[allow(dead_code, reason = "signing in is next")]
pub mod throttle;

use std::collections::BTreeMap;

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    caller::{Actor, Caller},
    origin::Origin,
    permissions::Role,
    problem::Problem,
};

const TOKEN: &str = "Token";

/// The digest of the admin key: the key itself is forgotten at once.
#[derive(Clone)]
pub struct AdminKey([u8; 32]);

/// The caller of an operation. [`Caller::may`] says whether it may call it.
pub struct Auth(pub Caller);

/// How callers are recognised.
#[derive(Clone)]
pub struct Doorkeeper {
    pub admin_key: AdminKey,
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

impl Doorkeeper {
    #[expect(clippy::unused_async, reason = "whoever is not the first admin is looked up")]
    async fn caller(&self, request: &Request) -> Result<Caller, Problem> {
        let token = bearer(request).ok_or_else(Problem::anonymous)?;
        if !self.admin_key.is(token) {
            return Err(Problem::unauthorized("this is not the admin key of this installation"));
        }
        let origin = Origin::of(request)?;
        Ok(Caller {
            actor: Actor::Installation,
            everywhere: Some(Role::Admin),
            projects: BTreeMap::new(),
            origin,
        })
    }
}

/// By hand: derived, it could not take one of several kinds of proof and say what is wrong with that one.
impl<'a> ApiExtractor<'a> for Auth {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let bearer = MetaSecurityScheme {
            ty: "http",
            description: Some("The installation's admin key."),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(TOKEN, bearer);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![TOKEN]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let doorkeeper =
            request.data::<Doorkeeper>().ok_or_else(|| Problem::internal("there is no door"))?;
        Ok(Self(doorkeeper.caller(request).await?))
    }
}

fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("Authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
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
