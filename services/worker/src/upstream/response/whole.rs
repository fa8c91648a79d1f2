//! A body that is one document, be it an answer or a rejection: read to its end, and turned into events for a client that
//! asked for a stream.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};
use uplion_domain::Usage;
use uplion_log_transport::claim::End;
use uplion_protocol::{
    Endpoint,
    endpoint::{AnswerPart, Progress},
    error::UpstreamError,
};

use super::{Expected, State, Step, UpstreamResponse, failing};
use crate::{
    meter::{Meter, count_completion},
    upstream::{
        client::HttpResponse,
        stream::{Reader, StreamEnd, drain},
    },
};

/// An upstream that explains at greater length why it rejects a request is cut short.
const REJECTION_BYTES: u64 = 1 << 20;
/// Of a whole answer for a client that asked for a stream, whose own bound is of what is under way.
const CONVERTED_BYTES: u64 = 8 << 20;
/// A longer answer that reports no usage is counted on a thread of its own.
const COUNTED_HERE: usize = 16 * 1024;

/// As far as it is here.
pub struct WholeBody {
    response: HttpResponse,
    endpoint: Endpoint,
    /// Of a rejection.
    status: Option<u16>,
    read: BytesParts,
    max_bytes: u64,
    grace: Duration,
    /// When it is looked at although the upstream has not ended it.
    over_at: Option<Instant>,
}

#[derive(Default)]
struct BytesParts {
    parts: Vec<Bytes>,
    bytes: u64,
}

enum Read {
    More,
    End(Bytes),
    TooLarge,
}

impl WholeBody {
    pub fn rejection(response: HttpResponse, endpoint: Endpoint, status: u16) -> Self {
        let (read, grace) = (BytesParts::default(), Duration::MAX);
        let (status, max_bytes) = (Some(status), REJECTION_BYTES);
        Self { response, endpoint, status, read, max_bytes, grace, over_at: None }
    }

    /// Of which `first` has come.
    pub fn answer(response: HttpResponse, first: Bytes, expected: Expected) -> Self {
        let Expected { endpoint, stream, max_bytes, grace, .. } = expected;
        let max_bytes = if stream { max_bytes.max(CONVERTED_BYTES) } else { max_bytes };
        let mut read = BytesParts::default();
        read.push(first);
        let over_at = Instant::now().checked_add(grace);
        Self { response, endpoint, status: None, read, max_bytes, grace, over_at }
    }

    /// Cancel-safe.
    async fn next(&mut self) -> Read {
        if self.read.bytes > self.max_bytes {
            return Read::TooLarge;
        }
        let read = match self.over_at {
            Some(at) => match timeout_at(at, self.response.chunk()).await {
                Ok(read) => read,
                Err(_) => return self.look(),
            },
            None => self.response.chunk().await,
        };
        match read {
            Ok(Some(more)) => {
                self.read.push(more);
                self.over_at = Instant::now().checked_add(self.grace);
                Read::More
            }
            // A document that broke off is none, and one that is whole is whole.
            Ok(None) | Err(_) => Read::End(self.read.take()),
        }
    }

    /// Some leave a response open that is over.
    fn look(&mut self) -> Read {
        self.over_at = None;
        let body = self.read.take();
        if self.endpoint.answer_reader(1).whole(&body).is_ok() {
            return Read::End(body);
        }
        self.read.push(body);
        Read::More
    }
}

impl BytesParts {
    fn push(&mut self, part: Bytes) {
        self.bytes += part.len() as u64;
        self.parts.push(part);
    }

    fn take(&mut self) -> Bytes {
        let Self { mut parts, bytes } = std::mem::take(self);
        if parts.len() < 2 {
            return parts.pop().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(bytes).unwrap_or(0));
        parts.drain(..).for_each(|part| whole.extend_from_slice(&part));
        whole.freeze()
    }
}

impl UpstreamResponse {
    pub(super) async fn read_whole(&mut self) {
        let State::Whole(whole) = &mut self.state else { return };
        let read = whole.next().await;
        let status = whole.status;
        match read {
            Read::More => {}
            Read::TooLarge => self.state = State::Ending { end: End::TooLarge, error: None },
            Read::End(body) => match status {
                Some(status) => self.reject(status, body),
                None => self.whole(body),
            },
        }
    }

    pub(super) fn reject(&mut self, status: u16, body: Bytes) {
        self.state = State::Ending { end: End::Rejected { status }, error: None };
        self.ready.push_back(Step::Part { bytes: body, usage: Usage::default() });
    }

    fn whole(&mut self, body: Bytes) {
        let Expected { endpoint, stream, answers, .. } = self.expected;
        let mut reader = endpoint.answer_reader(answers);
        let part = match reader.whole(&body) {
            Ok(part) => part,
            Err(malformed) => return self.fail(&failing::unreadable(&body, &malformed)),
        };
        match &part.progress {
            Progress::Finished | Progress::Ended => {}
            Progress::Going => return self.fail(&UpstreamError::unreadable(&body)),
            Progress::Failed(error) => return self.fail(&error.as_ref().clone()),
        }
        if stream {
            return self.split(&body);
        }
        if Meter::counts(&part) && body.len() > COUNTED_HERE {
            return self.count(&part, body.clone());
        }
        self.meter.add(&part);
        self.finish(body);
    }

    fn count(&mut self, part: &AnswerPart<'_>, body: Bytes) {
        self.meter.read_labels(part);
        self.meter.hear(part);
        let (endpoint, tokenizer) = (self.expected.endpoint, Arc::clone(&self.upstream.tokenizer));
        let counted = body.clone();
        let counting = spawn_blocking(move || count_completion(&tokenizer, endpoint, &counted));
        self.state = State::Counting { body, counting };
    }

    /// A whole answer that is what the client asked for.
    pub(super) fn finish(&mut self, body: Bytes) {
        let ended =
            std::mem::replace(&mut self.state, State::Ending { end: End::Complete, error: None });
        if let State::Whole(whole) = ended {
            drain(whole.response);
        }
        self.show(body, Usage::default());
    }

    /// One that is read as the stream that the client asked for.
    fn split(&mut self, body: &Bytes) {
        let events = match self.expected.endpoint.events_of(body) {
            Ok(events) => events,
            Err(malformed) => return self.fail(&failing::unreadable(body, &malformed)),
        };
        let mut reader = Box::new(Reader::new(self.expected));
        reader.feed(events, &mut self.meter);
        reader.complete(&mut self.meter);
        let complete = reader.end() == Some(&StreamEnd::Complete);
        let State::Whole(whole) = std::mem::replace(&mut self.state, State::Over) else { return };
        if complete || reader.end().is_some() {
            self.state = State::Stream { response: whole.response, reader };
        }
    }
}
