//! The way of one chat completion, from the client's bytes to the client's bytes.

use std::sync::Arc;

use poem::{
    Request, Response, Result,
    http::{HeaderMap, header},
};
use tokio::sync::oneshot;
use uplion_domain::RequestId;
use uplion_protocol::{Endpoint, error::ApiError};

use crate::{
    admission::Admission,
    body::{BodyReader, IncomingBody},
    live::{BodyStream, ClientReply, Live},
    reply::{rejection, stream, whole},
    request_id,
    serve::Connection,
};

const ENDPOINT: Endpoint = Endpoint::ChatCompletions;

pub struct Chat {
    pub(crate) admission: Arc<Admission>,
    pub(crate) bodies: BodyReader,
    pub(crate) live: Arc<Live>,
}

impl Chat {
    async fn complete(
        &self,
        request: RequestId,
        headers: &HeaderMap,
        body: &mut IncomingBody,
    ) -> Result<oneshot::Receiver<ClientReply>, ApiError> {
        // MemoryBudget only, until the request is started: one that will be rejected costs no I/O but its own body's.
        let key = self.admission.key(headers)?;
        self.admission.room(&self.live)?;
        is_json(headers)?;
        let (body, held) = self.bodies.read(headers, body).await?;
        let chat = ENDPOINT.read(&body)?;
        let accepted = self.admission.accept(request, &key, &chat)?;
        Ok(self.live.start(accepted, body, held))
    }
}

impl poem::Endpoint for Chat {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let id = request_id();
        let mut body = IncomingBody::new(request.take_body());
        let waiting = match self.complete(id, request.headers(), &mut body).await {
            Ok(waiting) => waiting,
            Err(error) => {
                self.live.metrics.rejected(error.code());
                body.discard(self.bodies.most).await;
                return Ok(rejection(id, &error));
            }
        };
        Ok(match waiting.await {
            Ok(ClientReply::Whole(answer)) => whole(id, answer),
            Ok(ClientReply::Stream(head, body)) => {
                let connection = request.extensions().get::<Arc<Connection>>().cloned();
                stream(id, &head, BodyStream::new(body, connection))
            }
            Ok(ClientReply::Rejected(error)) => rejection(id, &error),
            Err(oneshot::error::RecvError { .. }) => rejection(id, &ApiError::Internal),
        })
    }
}

/// Most clients say so; curl's default for `-d` is let through, because everybody's first try is made with it.
fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let media = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let json = ["application/json", "application/x-www-form-urlencoded", "text/plain"];
    let fine = json.iter().any(|known| media.eq_ignore_ascii_case(known));
    if fine { Ok(()) } else { Err(ApiError::UnsupportedMediaType) }
}
