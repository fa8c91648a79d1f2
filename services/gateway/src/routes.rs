//! The gateway's part of the API, and what is said of everything that is not in it.

use std::sync::Arc;

use poem::{
    Request, Response, Result, Route,
    error::{MethodNotAllowedError, NotFoundError},
    get,
    http::Method,
    post,
};
use uplion_protocol::{Dialect, Endpoint, error::ApiError};

use crate::{
    admission::Admission,
    body::BodyReader,
    inference::Inference,
    live::Live,
    models::{List, One},
    reply::rejection,
    request_id,
};

/// Answers what the routes do not in `OpenAI`'s shape.
struct Api {
    /// What nearly every request is for, and no router need be asked about.
    served: Vec<(&'static str, Inference)>,
    routes: Route,
}

pub fn routes(
    admission: &Arc<Admission>,
    bodies: &BodyReader,
    live: &Arc<Live>,
) -> impl poem::Endpoint<Output = Response> + use<> {
    let mut served = vec![];
    let mut routes = Route::new()
        .at("/v1/models", get(List { admission: Arc::clone(admission) }))
        .at("/v1/models/*model", get(One { admission: Arc::clone(admission) }));
    for endpoint in Endpoint::ALL {
        let (admission, live) = (Arc::clone(admission), Arc::clone(live));
        let inference = Inference { endpoint: *endpoint, admission, bodies: bodies.clone(), live };
        for path in endpoint.paths() {
            routes = routes.at(*path, post(inference.clone()));
            served.push((*path, inference.clone()));
        }
    }
    Api { served, routes }
}

impl Api {
    fn inference(&self, request: &Request) -> Option<&Inference> {
        let path = request.uri().path();
        let served = self.served.iter().find(|(served, _)| *served == path);
        served.filter(|_| request.method() == Method::POST).map(|(_, inference)| inference)
    }
}

impl poem::Endpoint for Api {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if let Some(inference) = self.inference(&request) {
            return inference.call(request).await;
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let error = match self.routes.call(request).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let method = method.to_string();
        let said = if error.is::<NotFoundError>() {
            ApiError::RouteNotFound { method, path }
        } else if error.is::<MethodNotAllowedError>() {
            ApiError::MethodNotAllowed { method, path }
        } else {
            tracing::error!(%error, "gateway.endpoint.failed");
            ApiError::Internal
        };
        Ok(rejection(request_id(), Dialect::OpenAi, &said))
    }
}
