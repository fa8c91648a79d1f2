//! The built-in demonstration upstream: a small server in the shape of `OpenAI`'s, so that a first request can be
//! answered before any model is at hand. It says what it is, says the question back, and nothing else.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpListener, time::sleep};
use tokio_util::sync::CancellationToken;
use uplion_protocol::{
    Dialect, Endpoint,
    endpoint::{Demonstration, demo::CREATED},
    error::ApiError,
    models::{Model, list},
};

/// Its base URL's path.
const ROOT: &str = "/v1";

/// The name of its one model.
pub const MODEL: &str = "demo";

/// Between the words of a stream: about as fast as a person reads.
const PACE: Duration = Duration::from_millis(20);
/// Bytes.
const LARGEST_BODY: usize = 32 << 20;
/// For connections that are still answering when it stops.
const LINGER: Duration = Duration::from_secs(2);
/// Out of file descriptors, say.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers until `shutdown`.
pub async fn serve(listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    let open = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "demo.connection.refused");
                    sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            },
        };
        // Without it only the timing suffers.
        let _ = stream.set_nodelay(true);
        let service = service_fn(async |request| Ok::<_, Infallible>(respond(request).await));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        // A client that breaks its connection off has what it wanted.
        tokio::spawn(async move { drop(connection.await) });
    }
    let _ = tokio::time::timeout(LINGER, open.shutdown()).await;
    Ok(())
}

async fn respond(request: Request<Incoming>) -> Response<Body> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let relative = path.strip_prefix(ROOT).unwrap_or_default();
    if method == Method::GET && relative == "/models" {
        let model = Model { id: MODEL.into(), created: CREATED, owned_by: "uplion".into() };
        return json(StatusCode::OK, list(&[model]));
    }
    let endpoint = Endpoint::at_upstream(relative);
    let Some(endpoint) = endpoint.filter(|_| method == Method::POST) else {
        let method = method.to_string();
        return error(Dialect::OpenAi, &ApiError::RouteNotFound { method, path });
    };
    match demonstrate(endpoint, request.into_body()).await {
        Ok(answer) => answer,
        Err(rejection) => error(endpoint.dialect(), &rejection),
    }
}

async fn demonstrate(endpoint: Endpoint, body: Incoming) -> Result<Response<Body>, ApiError> {
    let body = http_body_util::Limited::new(body, LARGEST_BODY).collect().await;
    let too_large = |_| ApiError::PayloadTooLarge { max_bytes: LARGEST_BODY as u64 };
    let body = body.map_err(too_large)?.to_bytes();
    let read = endpoint.read(&body)?;
    let events = match endpoint.demonstrate(&read, &body, MODEL) {
        Some(Demonstration::Whole(answer)) => return Ok(json(StatusCode::OK, answer)),
        Some(Demonstration::Stream(events)) => futures::stream::iter(events).enumerate(),
        None => {
            let path = format!("{ROOT}{}", endpoint.upstream_path());
            return Err(ApiError::RouteNotFound { method: Method::POST.to_string(), path });
        }
    };
    let paced = events.then(async |(n, event)| {
        if n > 1 {
            sleep(PACE).await;
        }
        Ok(Frame::data(event))
    });
    Ok(response(StatusCode::OK, "text/event-stream", StreamBody::new(paced).boxed_unsync()))
}

fn error(dialect: Dialect, error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, dialect.error(error))
}

fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    response(status, "application/json", Full::new(body).boxed_unsync())
}

fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
