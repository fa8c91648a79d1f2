//! The gateway's part of the API, and what is said of everything that is not in it.

use std::sync::Arc;

use poem::{
    Endpoint, Request, Response, Result, Route,
    error::{MethodNotAllowedError, NotFoundError},
    get,
    http::Method,
    post,
};
use uplion_protocol::error::ApiError;

use crate::{
    admission::Admission,
    body::BodyReader,
    chat::Chat,
    live::Live,
    models::{List, One},
    reply::rejection,
    request_id,
};

const COMPLETIONS: [&str; 2] = ["/v1/chat/completions", "/api/v1/chat/completions"];

/// Answers what the routes do not in `OpenAI`'s shape.
struct Api {
    /// What nearly every request is, and no router need be asked about.
    chat: Chat,
    routes: Route,
}

pub fn routes(
    admission: &Arc<Admission>,
    bodies: &BodyReader,
    live: &Arc<Live>,
) -> impl Endpoint<Output = Response> + use<> {
    let chat = || {
        let (admission, live) = (Arc::clone(admission), Arc::clone(live));
        Chat { admission, bodies: bodies.clone(), live }
    };
    let [official, original] = COMPLETIONS;
    let routes = Route::new()
        .at(official, post(chat()))
        .at(original, post(chat()))
        .at("/v1/models", get(List { admission: Arc::clone(admission) }))
        .at("/v1/models/*model", get(One { admission: Arc::clone(admission) }));
    Api { chat: chat(), routes }
}

impl Endpoint for Api {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if request.method() == Method::POST && COMPLETIONS.contains(&request.uri().path()) {
            return self.chat.call(request).await;
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
        Ok(rejection(request_id(), &said))
    }
}
