//! The HTTP side: accepts connections, picks the script, answers.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    answer::ScriptedAnswer,
    deliveries::{End, Recorder, Recording, Records},
    reply::Reply,
    request::ChatRequest,
    script::Script,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

#[derive(Debug, Default)]
pub(super) struct Service {
    scripts: Mutex<Scripts>,
    recorder: Recorder,
}

#[derive(Debug)]
pub(super) struct Scripts {
    pub default: Script,
    pub queued: VecDeque<Script>,
    pub models: Vec<String>,
}

impl Default for Scripts {
    fn default() -> Self {
        Self { default: Script::default(), queued: VecDeque::new(), models: vec!["mock".into()] }
    }
}

/// Until dropped, and then all its connections go too.
pub(super) async fn accept(listener: TcpListener, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of descriptors, or the client has gone already: the next may fare better.
                let Ok((stream, _)) = accepted else { continue };
                // Without it only the timing suffers.
                let _ = stream.set_nodelay(true);
                let service = Arc::clone(&service);
                connections.spawn(async move {
                    let answer = service_fn(|request| service.answer(request));
                    let mut connection = http1::Builder::new();
                    connection.timer(TokioTimer::new());
                    // A broken connection is in the records.
                    drop(connection.serve_connection(TokioIo::new(stream), answer).await);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Service {
    pub fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.recorder.records()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Reply>, Infallible> {
        Ok(match (request.method(), request.uri().path()) {
            (&Method::POST, "/v1/chat/completions") => self.chat(request).await,
            (&Method::GET, "/v1/models") => self.models(),
            (method, path) => error(StatusCode::NOT_FOUND, &format!("no {method} {path}"), None),
        })
    }

    fn models(&self) -> Response<Reply> {
        let models = self.scripts().models.clone();
        let model = |id| json!({"id": id, "object": "model", "created": 0, "owned_by": "mock"});
        let data: Vec<_> = models.into_iter().map(model).collect();
        let body = json!({"object": "list", "data": data}).to_string();
        response(StatusCode::OK, JSON, Reply::short(body))
    }

    async fn chat(&self, request: Request<Incoming>) -> Response<Reply> {
        let Ok(body) = request.into_body().collect().await else {
            return error(StatusCode::BAD_REQUEST, "the body broke off", None);
        };
        let body = body.to_bytes();
        let mut request = match ChatRequest::read(&body) {
            Ok(request) => request,
            Err(reason) => return error(StatusCode::BAD_REQUEST, &reason.to_string(), None),
        };
        let script = request.take_script().unwrap_or_else(|| self.next_script());
        let user = request.user.as_deref().unwrap_or_default();
        let recording = self.recorder.record(user, &request.model, request.stream);
        if script.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(script.delay_ms)).await;
        }
        if script.status != 200 {
            return scripted_error(&script, recording);
        }
        let answer = ScriptedAnswer::new(&request, &script);
        if request.stream {
            return response(StatusCode::OK, EVENTS, Reply::stream(answer, script, recording));
        }
        if script.hang_after.is_some() {
            std::future::pending::<()>().await;
        }
        response(StatusCode::OK, JSON, Reply::whole(answer, script, recording))
    }

    fn next_script(&self) -> Script {
        let mut scripts = self.scripts();
        scripts.queued.pop_front().unwrap_or_else(|| scripts.default.clone())
    }
}

fn scripted_error(script: &Script, mut recording: Recording) -> Response<Reply> {
    recording.delivery.end = End::Error(script.status);
    let status = StatusCode::from_u16(script.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = format!("the script says {}", script.status);
    let mut response = error(status, &message, script.code.as_deref());
    if let Some(seconds) = script.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn error(status: StatusCode, message: &str, code: Option<&str>) -> Response<Reply> {
    let kind = if status.is_client_error() { "invalid_request_error" } else { "server_error" };
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    response(status, JSON, Reply::short(body.to_string()))
}

fn response(status: StatusCode, kind: HeaderValue, body: Reply) -> Response<Reply> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
