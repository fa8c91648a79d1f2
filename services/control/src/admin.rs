//! Who may use the API: whoever shows the installation's admin key.

use poem::Request;
use poem_openapi::{SecurityScheme, auth::Bearer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::problem::Problem;

/// The digest of the admin key: the key itself is forgotten at once.
#[derive(Clone)]
pub struct AdminKey([u8; 32]);

/// The caller showed the admin key.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "AdminKey", checker = "check")]
pub struct Admin(pub Caller);

/// Who asked, and as a part of what.
#[derive(Debug, Clone)]
pub struct Caller {
    /// By id; the one admin key has no id of its own.
    pub actor: &'static str,
    /// W3C trace context.
    pub traceparent: Option<String>,
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

#[expect(clippy::unused_async, reason = "the framework awaits its checkers")]
async fn check(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    let key =
        request.data::<AdminKey>().ok_or_else(|| Problem::internal("there is no admin key"))?;
    if !key.is(&bearer.token) {
        return Err(Problem::unauthorized("this is not the admin key of this installation").into());
    }
    let traceparent = request.header("traceparent").filter(|text| is_trace_context(text));
    Ok(Caller { actor: "admin", traceparent: traceparent.map(ToOwned::to_owned) })
}

/// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`. Anything else is not passed on.
fn is_trace_context(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [2, 32, 16, 2] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
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

    #[test]
    fn a_trace_context_is_passed_on_only_if_it_is_one() {
        assert!(is_trace_context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for wrong in
            ["", "00", "00-x-y-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz"]
        {
            assert!(!is_trace_context(wrong), "{wrong:?}");
        }
    }
}
