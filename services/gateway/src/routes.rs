//! The gateway's part of the API, and what is said of everything that is not in it.

use std::sync::Arc;

use poem::{
    Request, Response, Result, Route,
    error::{MethodNotAllowedError, NotFoundError, ParsePathError},
    get,
    http::{HeaderValue, Method, StatusCode, header},
    post,
};
use uplion_http::cors::Cors;
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
    cors: Cors,
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
    let cors = Cors {
        origins: admission.options.allowed_origins.clone().into(),
        methods: "GET, POST",
        asked: None,
        shown: "Retry-After, X-Request-Id, X-Should-Retry",
        // A key is shown in a header: nothing that a browser keeps for this host is of use.
        credentials: false,
    };
    Api { served, routes, cors }
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
        if self.cors.origins.is_empty() {
            return self.answer(request).await;
        }
        if let Some(preflight) = self.cors.preflight(&request) {
            return Ok(self.opened(preflight, self.cors.allowed(&request)));
        }
        let page = self.cors.allowed(&request);
        let answer = self.answer(request).await?;
        Ok(self.opened(answer, page))
    }
}

impl Api {
    fn opened(&self, mut answer: Response, page: Option<HeaderValue>) -> Response {
        self.cors.open(answer.headers_mut(), page);
        answer
    }

    /// The methods that a path takes; none of a path that is not there.
    fn allowed(&self, path: &str) -> Option<&'static str> {
        if self.served.iter().any(|(served, _)| *served == path) {
            return Some("POST, OPTIONS");
        }
        let models = path == "/v1/models" || path.starts_with("/v1/models/");
        models.then_some("GET, HEAD, OPTIONS")
    }

    async fn answer(&self, request: Request) -> Result<Response> {
        if let Some(inference) = self.inference(&request) {
            return poem::Endpoint::call(inference, request).await;
        }
        let allowed = self.allowed(request.uri().path());
        if let (&Method::OPTIONS, Some(allowed)) = (request.method(), allowed) {
            let answer = Response::builder().status(StatusCode::NO_CONTENT);
            return Ok(answer.header(header::ALLOW, allowed).finish());
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let error = match poem::Endpoint::call(&self.routes, request).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let method = method.to_string();
        // Of a path that is not UTF-8 once its percent signs are read there is nothing either.
        let said = if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
            ApiError::RouteNotFound { method, path }
        } else if error.is::<MethodNotAllowedError>() {
            ApiError::MethodNotAllowed { method, path }
        } else {
            tracing::error!(%error, "gateway.endpoint.failed");
            ApiError::Internal
        };
        let mut answer = rejection(request_id(), Dialect::OpenAi, &said);
        if let (ApiError::MethodNotAllowed { .. }, Some(allowed)) = (&said, allowed) {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        Ok(answer)
    }
}
