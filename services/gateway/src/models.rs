//! Which models a key may use: the list, and one by name.

use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use poem::{Endpoint, Request, Response, Result};
use uplion_projections::catalog::Model;
use uplion_protocol::{Dialect, error::ApiError, models};

use crate::{
    admission::Admission,
    reply::{json, rejection},
    request_id,
};

const OWNER: &str = "uplion";

pub struct List {
    pub(crate) admission: Arc<Admission>,
}

/// By its own name or an alias; the name is the rest of the path, slashes and all.
pub struct One {
    pub(crate) admission: Arc<Admission>,
}

impl List {
    fn list(&self, request: &Request) -> Result<Bytes, ApiError> {
        let key = self.admission.key(request.headers())?;
        let listed: Vec<_> =
            self.admission.models(&key)?.iter().map(|model| describe(model)).collect();
        Ok(models::list(&listed))
    }
}

impl One {
    fn find(&self, request: &Request) -> Result<Bytes, ApiError> {
        let key = self.admission.key(request.headers())?;
        let name = request.raw_path_param("model").unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        let model = self.admission.model(&key, &name)?;
        Ok(describe(&model).body())
    }
}

fn describe(model: &Model) -> models::Model {
    models::Model {
        id: model.name.to_string(),
        created: model.registered_at.micros().div_euclid(1_000_000),
        owned_by: OWNER.to_owned(),
    }
}

fn answer(body: Result<Bytes, ApiError>) -> Response {
    let id = request_id();
    match body {
        Ok(body) => json(id, body),
        Err(error) => rejection(id, Dialect::OpenAi, &error),
    }
}

impl Endpoint for List {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        Ok(answer(self.list(&request)))
    }
}

impl Endpoint for One {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        Ok(answer(self.find(&request)))
    }
}
