//! The built-in demonstration upstream: a small server in the shape of `OpenAI`'s, so that a first request can be
//! answered before any model is at hand. It says what it is, says the question back, and nothing else.

mod speech;

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
    error::ApiError,
    models::{Model, list},
    request::ChatRequest,
};

use self::speech::Speech;

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
                    tracing::warn!(%error, "the demonstration model cannot accept a connection");
                    sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            },
        };
        // Without it only the timing suffers.
        let _ = stream.set_nodelay(true);
        let answer = service_fn(async |request| Ok::<_, Infallible>(answer(request).await));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), answer));
        // A client that breaks its connection off has what it wanted.
        tokio::spawn(async move { drop(connection.await) });
    }
    let _ = tokio::time::timeout(LINGER, open.shutdown()).await;
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::POST, "/v1/chat/completions") => chat(request.into_body()).await,
        (&Method::GET, "/v1/models") => {
            let model =
                Model { id: MODEL.into(), created: speech::CREATED, owned_by: "uplion".into() };
            json(StatusCode::OK, list(&[model]))
        }
        (method, _) => error(&ApiError::RouteNotFound { method: method.to_string(), path }),
    }
}

async fn chat(body: Incoming) -> Response<Body> {
    let Ok(body) = http_body_util::Limited::new(body, LARGEST_BODY).collect().await else {
        return error(&ApiError::PayloadTooLarge { max_bytes: LARGEST_BODY as u64 });
    };
    let body = body.to_bytes();
    let request = match ChatRequest::read(&body) {
        Ok(request) => request,
        Err(bad) => return error(&bad.into()),
    };
    let speech = Speech::about(&request, &body);
    if !request.stream {
        return json(StatusCode::OK, speech.whole());
    }
    let events =
        futures::stream::iter(speech.events(request.include_usage).into_iter().enumerate());
    let paced = events.then(async |(n, event)| {
        if n > 1 {
            sleep(PACE).await;
        }
        Ok(Frame::data(event))
    });
    response(StatusCode::OK, "text/event-stream", StreamBody::new(paced).boxed_unsync())
}

fn error(error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, error.body())
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
