//! The way of one request to a model, from the client's bytes to the client's bytes.

use std::sync::Arc;

use bytes::Bytes;
use poem::{
    Request, Response, Result,
    http::{HeaderMap, header},
};
use tokio::sync::oneshot;
use uplion_domain::{
    RequestId,
    request::{Size, UsageBound},
};
use uplion_http::{Connection, cors::coding};
use uplion_protocol::{Endpoint, endpoint::Read, error::ApiError};

use crate::{
    admission::Admission,
    body::{BodyReader, IncomingBody},
    live::{BodyStream, ClientReply, Live},
    rejections::Demand,
    reply::{rejection, stream, whole},
    request_id,
};

/// Serves one endpoint.
#[derive(Clone)]
pub struct Inference {
    pub(crate) endpoint: Endpoint,
    pub(crate) admission: Arc<Admission>,
    pub(crate) bodies: BodyReader,
    pub(crate) live: Arc<Live>,
}

impl Inference {
    async fn start(
        &self,
        request: RequestId,
        headers: &HeaderMap,
        body: &mut IncomingBody,
        demand: &mut Demand,
    ) -> Result<oneshot::Receiver<ClientReply>, ApiError> {
        // Memory only, until the request is started: one that will be rejected costs no I/O but its own body's.
        let key = self.admission.key(headers)?;
        demand.key = Some(key.id);
        let mut permit = self.admission.permit(self.live.link())?;
        self.check_media_type(headers)?;
        let body = self.bodies.read(headers, body, &mut permit).await?;
        let read = self.endpoint.read(&body)?;
        demand.estimated_tokens = read.prompt_estimate;
        demand.model = self.admission.model_name(&key, &read.model);
        let size = size(&body, &read);
        let (accepted, serving) =
            self.admission.accept(request, &key, self.endpoint.operation(), &read, size)?;
        let asked = (&read.forwarding, body);
        Ok(self.live.start(self.endpoint, (accepted, serving), asked, permit))
    }

    fn reject(&self, demand: Demand, error: &ApiError) {
        self.live.surroundings().metrics.rejected(error.code());
        let now = (self.admission.clock)();
        self.live.record_rejected(self.admission.rejections.count(now, demand, error));
    }

    fn check_media_type(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if let Some(coding) = coding(headers) {
            return Err(ApiError::EncodedBody { coding });
        }
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
        let value = value.to_str().unwrap_or_default();
        let media_type = value.split(';').next().unwrap_or_default().trim();
        let takes = self.endpoint.takes(media_type);
        if takes { Ok(()) } else { Err(ApiError::UnsupportedMediaType) }
    }
}

/// How much is asked for: with it other limits can be tried on past traffic.
fn size(body: &Bytes, read: &Read) -> Size {
    Size {
        body_bytes: body.len() as u64,
        prompt_estimate: read.prompt_estimate,
        answer_bound: read.most_output,
        answers: u32::try_from(read.n).unwrap_or(u32::MAX),
        bound: UsageBound::of(read.asked),
    }
}

impl poem::Endpoint for Inference {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let (id, dialect) = (request_id(), self.endpoint.dialect());
        let mut body = IncomingBody::new(request.take_body());
        let mut demand = Demand::default();
        let starting = self.start(id, request.headers(), &mut body, &mut demand).await;
        let waiting = match starting {
            Ok(waiting) => waiting,
            Err(error) => {
                self.reject(demand, &error);
                body.discard(self.bodies.most).await;
                return Ok(rejection(id, dialect, &error));
            }
        };
        Ok(match waiting.await {
            Ok(ClientReply::Whole(answer)) => whole(id, answer),
            Ok(ClientReply::Stream(head, body)) => {
                let connection = request.extensions().get::<Arc<Connection>>().cloned();
                stream(id, &head, BodyStream::new(body, connection))
            }
            Ok(ClientReply::Rejected(error)) => rejection(id, dialect, &error),
            Err(oneshot::error::RecvError { .. }) => rejection(id, dialect, &ApiError::Internal),
        })
    }
}
