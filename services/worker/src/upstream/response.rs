//! An upstream's answer as it comes: read by what its bytes are, metered, and given in the form that the client asked for.

mod failing;
mod whole;

use std::{collections::VecDeque, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http::header::CONTENT_TYPE;
use tokio::{
    task::{JoinHandle, spawn_blocking, yield_now},
    time::{Instant, timeout_at},
};
use uplion_domain::{Usage, request::AttemptOutcome};
use uplion_log_transport::claim::{AttemptReport, End, Head};
use uplion_protocol::{Endpoint, error::UpstreamError};

use self::whole::WholeBody;
use super::{
    Upstream,
    asking::Begun,
    body_kind::BodyKind,
    client::HttpResponse,
    pulse::Pulse,
    status::FailedCall,
    stream::{Reader, StreamEnd, drain},
    usage_wish::Question,
};
use crate::{
    meter::{AnswerLabels, Counted, Meter, count_prompt},
    send_buffer::CHUNK_BYTES,
    upstream_request_id,
};

const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

type Call = Pin<Box<dyn Future<Output = Result<Begun, FailedCall>> + Send>>;

/// What the client asked for, as far as its answer depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub endpoint: Endpoint,
    pub stream: bool,
    /// Whether the client itself wants a stream's usage.
    pub usage: bool,
    /// Whether the upstream was asked for it.
    pub asks_usage: bool,
    /// How many answers were asked for.
    pub answers: u64,
    /// Bytes of an answer that is not streamed.
    pub max_bytes: u64,
    /// How long an upstream may leave open what is over.
    pub grace: Duration,
}

pub enum Step {
    /// The upstream began to answer.
    Begun(Head),
    Part {
        bytes: Bytes,
        usage: Usage,
    },
    End {
        end: End,
        usage: Usage,
        /// What the upstream said in the middle of its answer, as JSON.
        error: Option<Bytes>,
    },
    /// There is no answer.
    Failed(FailedCall),
}

pub struct UpstreamResponse {
    upstream: Arc<Upstream>,
    expected: Expected,
    meter: Meter,
    /// The upstream's own name for the request, if a header said it.
    request_id: Option<String>,
    /// Of a long prompt.
    counting: Option<JoinHandle<u64>>,
    /// Told of each sign of life of the upstream.
    pulse: Pulse,
    /// What comes next, before the state is asked.
    ready: VecDeque<Step>,
    /// Whether a part went out: from then on nobody else can answer.
    shown: bool,
    state: State,
}

enum State {
    Calling(Call),
    /// Of the body nothing was seen that tells what it is.
    Opening {
        response: HttpResponse,
        first: BytesMut,
    },
    Whole(Box<WholeBody>),
    /// A long answer without usage.
    Counting {
        body: Bytes,
        counting: JoinHandle<Counted>,
    },
    Stream {
        response: HttpResponse,
        reader: Box<Reader>,
    },
    Ending {
        end: End,
        error: Option<Bytes>,
    },
    Over,
}

impl UpstreamResponse {
    /// `body` is the client's own, `spliced` is for the upstream.
    pub fn call(
        upstream: &Arc<Upstream>,
        (body, spliced): (Bytes, Bytes),
        expected: Expected,
        pulse: Pulse,
    ) -> Self {
        let Expected { endpoint, stream, .. } = expected;
        let question = Question { endpoint, body: spliced, streamed: stream };
        let state = State::Calling(Box::pin(Arc::clone(upstream).ask(question)));
        let mut answer = Self {
            upstream: Arc::clone(upstream),
            expected,
            meter: Meter::new(Arc::clone(&upstream.tokenizer), endpoint, body),
            request_id: None,
            counting: None,
            pulse,
            ready: VecDeque::new(),
            shown: false,
            state,
        };
        if stream {
            // While the upstream reads the prompt too.
            answer.count_long_prompt();
        }
        answer
    }

    /// What comes next. Cancel-safe.
    pub async fn next(&mut self) -> Step {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return step;
            }
            match &mut self.state {
                State::Calling(call) => match call.await {
                    Ok(begun) => self.begin(begun),
                    Err(failed) => {
                        (self.state, self.request_id) = (State::Over, failed.request_id.clone());
                        return Step::Failed(failed);
                    }
                },
                State::Opening { .. } => self.open().await,
                State::Whole(_) => self.read_whole().await,
                State::Counting { body, counting } => {
                    let (body, counted) = (body.clone(), counting.await);
                    self.meter.completion_counted(counted.unwrap_or_default());
                    self.finish(body);
                }
                State::Stream { .. } => self.read_stream().await,
                State::Ending { end, .. } => {
                    if *end == End::Complete {
                        self.prompt_counted().await;
                    }
                    return self.end();
                }
                State::Over => std::future::pending().await,
            }
        }
    }

    /// What is known of the call by now; `outcome` is how it ended.
    pub fn report(&self, outcome: AttemptOutcome) -> AttemptReport {
        let AnswerLabels { id, service_tier } = self.meter.labels();
        AttemptReport {
            upstream: Some(self.upstream.id.clone()),
            outcome,
            usage: self.meter.reported().cloned(),
            service_tier: service_tier.clone(),
            upstream_request_id: self.request_id.clone().or_else(|| id.clone()),
        }
    }

    /// Whether what comes next has bytes, or may have.
    pub fn has_bytes_to_come(&self) -> bool {
        match self.state {
            State::Calling(_)
            | State::Opening { .. }
            | State::Whole(_)
            | State::Counting { .. }
            | State::Stream { .. } => true,
            State::Ending { .. } | State::Over => !self.ready.is_empty(),
        }
    }

    fn begin(&mut self, Begun { response, asked_usage }: Begun) {
        self.pulse.beat();
        let response = response.with_pulse(self.pulse.clone());
        self.request_id = upstream_request_id::in_headers(response.headers());
        self.expected.asks_usage = asked_usage;
        let status = response.status();
        self.state = if status.is_success() {
            State::Opening { response, first: BytesMut::new() }
        } else {
            let content_type = response.header(CONTENT_TYPE).unwrap_or(JSON).to_owned();
            let retry_after_s = self.upstream.retry_after_s(&response);
            let head = Head { status: status.as_u16(), content_type, retry_after_s };
            self.ready.push_back(Step::Begun(head));
            State::Whole(Box::new(WholeBody::rejection(
                response,
                self.expected.endpoint,
                status.as_u16(),
            )))
        };
    }

    /// Reads until it is plain what the body is.
    async fn open(&mut self) {
        let State::Opening { response, first } = &mut self.state else { return };
        let read = response.chunk().await;
        let more = match read {
            Ok(Some(more)) => more,
            Ok(None) => {
                let error = UpstreamError::unreadable(first);
                return self.fail(&error);
            }
            Err(error) => return self.fail(&failing::broken(&error)),
        };
        let labelled =
            response.header(CONTENT_TYPE).is_some_and(|label| label.contains("event-stream"));
        let bytes = if first.is_empty() {
            more
        } else {
            first.extend_from_slice(&more);
            first.split().freeze()
        };
        let Some(kind) = BodyKind::of(&bytes, labelled) else {
            return first.extend_from_slice(&bytes);
        };
        let State::Opening { response, .. } = std::mem::replace(&mut self.state, State::Over)
        else {
            return;
        };
        match kind {
            BodyKind::Events => {
                let reader = Box::new(Reader::new(self.expected));
                self.state = State::Stream { response, reader };
                self.take_in(Some(Ok(Some(bytes)))).await;
            }
            BodyKind::Json | BodyKind::Other => {
                self.state =
                    State::Whole(Box::new(WholeBody::answer(response, bytes, self.expected)));
            }
        }
    }

    async fn read_stream(&mut self) {
        let State::Stream { reader, .. } = &self.state else { return };
        if reader.end().is_some() {
            return self.flush().await;
        }
        if reader.over_at().is_some() {
            // The client may be told usage that is counted.
            self.prompt_counted().await;
        }
        let State::Stream { response, reader } = &mut self.state else { return };
        let read = if reader.has_something() {
            // One message for all that has come by now, not one for each event: the connection's task gets a turn to
            // hand over more, and nothing is waited for.
            yield_now().await;
            response.chunk().now_or_never()
        } else if let Some(over_at) = reader.over_at() {
            let read = timeout_at(over_at, response.chunk()).await.ok();
            if read.is_none() {
                reader.complete(&mut self.meter);
            }
            read
        } else {
            Some(response.chunk().await)
        };
        self.take_in(read).await;
    }

    /// What was read goes to the reader, and what is due goes out; nothing more has come if there is no read.
    async fn take_in(&mut self, read: Option<Result<Option<Bytes>, super::client::BodyError>>) {
        let State::Stream { reader, .. } = &mut self.state else { return };
        let nothing_more = read.is_none();
        match read {
            Some(Ok(Some(bytes))) => {
                reader.feed(bytes, &mut self.meter);
                if reader.over_at().is_some_and(|at| at <= Instant::now()) {
                    reader.complete(&mut self.meter);
                }
            }
            Some(Ok(None)) => reader.close(&mut self.meter),
            Some(Err(_)) => reader.lose(&mut self.meter),
            None => {}
        }
        if reader.end().is_some()
            || reader.has_something() && (nothing_more || reader.gathered() >= CHUNK_BYTES)
        {
            self.flush().await;
        }
    }

    /// What was gathered goes out.
    async fn flush(&mut self) {
        self.prompt_counted().await;
        let State::Stream { reader, .. } = &mut self.state else { return };
        let end = reader.end().cloned();
        let is_over = !matches!(end, None | Some(StreamEnd::Complete));
        // Nothing was shown that nobody else could show: what only opens an answer is no part of one.
        if is_over && !self.shown && (!self.expected.stream || !reader.has_something()) {
            return match end {
                Some(StreamEnd::Failed(error)) => self.fail(&error),
                Some(StreamEnd::TooLarge | StreamEnd::Complete) | None => {
                    self.state = State::Ending { end: End::TooLarge, error: None };
                }
            };
        }
        let bytes = reader.take(&mut self.meter);
        let usage = self.meter.running();
        if let Some(end) = end {
            let (end, error) = match end {
                StreamEnd::Complete => (End::Complete, None),
                StreamEnd::TooLarge => (End::TooLarge, None),
                StreamEnd::Failed(error) => (End::Broken, Some(error.json)),
            };
            let ended = std::mem::replace(&mut self.state, State::Ending { end, error });
            if let (State::Stream { response, .. }, End::Complete) = (ended, end) {
                drain(response);
            }
        }
        self.show(bytes, usage);
    }

    /// The type that the client asked for, and the next part.
    fn show(&mut self, bytes: Bytes, usage: Usage) {
        if bytes.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.shown, true) {
            let content_type = if self.expected.stream { EVENT_STREAM } else { JSON }.to_owned();
            let head = Head { status: 200, content_type, retry_after_s: None };
            self.ready.push_back(Step::Begun(head));
        }
        self.ready.push_back(Step::Part { bytes, usage });
    }

    fn end(&mut self) -> Step {
        let (end, error) = match std::mem::replace(&mut self.state, State::Over) {
            State::Ending { end, error } => (end, error),
            State::Calling(_)
            | State::Opening { .. }
            | State::Whole(_)
            | State::Counting { .. }
            | State::Stream { .. }
            | State::Over => (End::Broken, None),
        };
        let usage = match end {
            End::Complete => self.meter.running(),
            // Failures are charged to nobody.
            End::Rejected { .. } | End::Broken | End::TooLarge | End::Silent => Usage::default(),
        };
        Step::End { end, usage, error }
    }

    fn count_long_prompt(&mut self) {
        if let Some(body) = self.meter.long_prompt() {
            let (tokenizer, endpoint) =
                (Arc::clone(&self.upstream.tokenizer), self.expected.endpoint);
            let counting = spawn_blocking(move || count_prompt(&tokenizer, endpoint, &body));
            self.counting = Some(counting);
        }
    }

    async fn prompt_counted(&mut self) {
        if self.meter.needs_prompt() && self.counting.is_none() {
            self.count_long_prompt();
        }
        if let Some(counting) = &mut self.counting {
            let counted = counting.await;
            self.counting = None;
            if let Ok(tokens) = counted {
                self.meter.prompt_counted(tokens);
            }
        }
    }
}

impl Drop for UpstreamResponse {
    fn drop(&mut self) {
        if let Some(counting) = &self.counting {
            counting.abort();
        }
    }
}
