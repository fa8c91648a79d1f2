//! What is served while a role waits for what it depends on: alive, not ready, and why.

use std::sync::{Arc, OnceLock, RwLock};

use poem::{
    Endpoint, EndpointExt as _, Request, Response, Result,
    endpoint::BoxEndpoint,
    http::{StatusCode, header},
};

use crate::operations::{HEALTH, TEXT};

/// An endpoint that becomes the role's once the role has started.
#[derive(Clone)]
pub struct Startup(Arc<Inner>);

struct Inner {
    waiting_for: RwLock<String>,
    role: OnceLock<BoxEndpoint<'static, Response>>,
}

impl Default for Startup {
    fn default() -> Self {
        Self::new()
    }
}

impl Startup {
    pub fn new() -> Self {
        let waiting_for = RwLock::new("starting".to_owned());
        Self(Arc::new(Inner { waiting_for, role: OnceLock::new() }))
    }

    /// Named by `/ready` until the role has started.
    pub fn waits_for(&self, what: impl Into<String>) {
        *self.0.waiting_for.write().expect("no holder of this lock panics") = what.into();
    }

    /// From now on the role answers.
    pub fn started(&self, role: impl Endpoint + 'static) {
        // Started twice would be a mistake of ours; the first role goes on then.
        let _ = self.0.role.set(role.map_to_response().boxed());
    }
}

impl Endpoint for Startup {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if let Some(role) = self.0.role.get() {
            return role.call(request).await;
        }
        if request.uri().path() == HEALTH {
            return Ok(Response::builder().content_type(TEXT).body("ok\n"));
        }
        let why = self.0.waiting_for.read().expect("no holder of this lock panics").clone();
        Ok(Response::builder()
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .header(header::RETRY_AFTER, "1")
            .content_type(TEXT)
            .body(format!("{why}\n")))
    }
}
