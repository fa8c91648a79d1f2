//! An upstream's answer as it comes: cut at its events, metered, and without what the client did not ask for.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http::header::CONTENT_TYPE;
use tokio::task::{JoinHandle, spawn_blocking, yield_now};
use uplion_domain::{Usage, request::AttemptOutcome};
use uplion_log_transport::claim::{AttemptReport, End, Head};
use uplion_protocol::{Endpoint, endpoint::Progress};

use super::{
    Upstream,
    client::HttpResponse,
    pulse::Pulse,
    status::FailedCall,
    stream::{Reader, drain},
};
use crate::{
    meter::{AnswerLabels, Counted, Meter, count_completion, count_prompt},
    send_buffer::CHUNK_BYTES,
    upstream_request_id,
};

/// An upstream that explains at greater length why it rejects a request is cut short.
const REJECTION_BYTES: usize = 1 << 20;
/// A longer answer that reports no usage is counted on a thread of its own.
const COUNTED_HERE: usize = 16 * 1024;

type Call = Pin<Box<dyn Future<Output = Result<HttpResponse, FailedCall>> + Send>>;

/// What the client asked for, as far as its answer depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub endpoint: Endpoint,
    pub stream: bool,
    /// Whether the client itself wants a stream's usage.
    pub usage: bool,
    /// Bytes of an answer that is not streamed.
    pub max_bytes: u64,
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
    /// Told of each sign of life of the upstream.
    pulse: Pulse,
    /// Of a long prompt.
    counting: Option<JoinHandle<u64>>,
    state: State,
}

enum State {
    Calling(Call),
    Whole {
        response: HttpResponse,
        rejected: bool,
        status: u16,
        read: Vec<Bytes>,
        max_bytes: u64,
    },
    /// A long answer without usage.
    Counting {
        body: Bytes,
        counting: JoinHandle<Counted>,
    },
    Stream {
        response: HttpResponse,
        reader: Reader,
    },
    Ending(End),
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
        let state = State::Calling(Box::pin(Arc::clone(upstream).call(expected.endpoint, spliced)));
        let meter = Meter::new(Arc::clone(&upstream.tokenizer), expected.endpoint, body);
        let (upstream, request_id) = (Arc::clone(upstream), None);
        let counting = None;
        let mut answer = Self { upstream, expected, meter, request_id, pulse, counting, state };
        if expected.stream {
            // While the upstream reads the prompt too.
            answer.count_long_prompt();
        }
        answer
    }

    /// What comes next. Cancel-safe.
    pub async fn next(&mut self) -> Step {
        loop {
            let step = match &mut self.state {
                State::Calling(call) => match call.await {
                    Ok(response) => Some(self.begin(response)),
                    Err(failed) => {
                        (self.state, self.request_id) = (State::Over, failed.request_id.clone());
                        Some(Step::Failed(failed))
                    }
                },
                State::Whole { .. } => self.read_whole().await,
                State::Counting { body, counting } => {
                    let (body, counted) = (body.clone(), counting.await);
                    self.meter.completion_counted(counted.unwrap_or_default());
                    self.state = State::Ending(End::Complete);
                    Some(Step::Part { bytes: body, usage: Usage::default() })
                }
                State::Stream { .. } => self.read_stream().await,
                State::Ending(end) => {
                    let end = *end;
                    Some(self.end(end).await)
                }
                State::Over => std::future::pending().await,
            };
            if let Some(step) = step {
                return step;
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
            | State::Whole { .. }
            | State::Counting { .. }
            | State::Stream { .. } => true,
            State::Ending(_) | State::Over => false,
        }
    }

    fn begin(&mut self, response: HttpResponse) -> Step {
        self.pulse.beat();
        let response = response.with_pulse(self.pulse.clone());
        self.request_id = upstream_request_id::in_headers(response.headers());
        let status = response.status().as_u16();
        let content_type = response.header(CONTENT_TYPE);
        let retry_after_s = self.upstream.retry_after_s(&response);
        let content_type = content_type.unwrap_or("application/json").to_owned();
        let rejected = !response.status().is_success();
        let streams = self.expected.stream && !content_type.starts_with("application/json");
        self.state = if streams && !rejected {
            let answer = self.expected.endpoint.answer_reader();
            State::Stream { response, reader: Reader::new(answer, self.expected.usage) }
        } else {
            let max_bytes = if rejected { REJECTION_BYTES as u64 } else { self.expected.max_bytes };
            State::Whole { response, rejected, status, read: Vec::new(), max_bytes }
        };
        Step::Begun(Head { status, content_type, retry_after_s })
    }

    async fn read_whole(&mut self) -> Option<Step> {
        let State::Whole { response, rejected, status, read, max_bytes } = &mut self.state else {
            return None;
        };
        match response.chunk().await {
            Ok(Some(more)) => {
                let bytes = read.iter().map(Bytes::len).sum::<usize>() + more.len();
                if bytes as u64 > *max_bytes {
                    self.state = State::Ending(End::TooLarge);
                } else {
                    read.push(more);
                }
                None
            }
            Ok(None) => {
                let (rejected, status, body) = (*rejected, *status, joined(read));
                if !rejected {
                    return self.whole(&body);
                }
                self.state = State::Ending(End::Rejected { status });
                Some(Step::Part { bytes: body, usage: Usage::default() })
            }
            Err(_) => {
                self.state = State::Ending(End::Broken);
                None
            }
        }
    }

    fn whole(&mut self, body: &Bytes) -> Option<Step> {
        self.state = State::Ending(End::Broken);
        // A client that wanted a stream cannot read one JSON object.
        let endpoint = self.expected.endpoint;
        let mut reader = endpoint.answer_reader();
        let part = reader.whole(body).ok().filter(|_| !self.expected.stream)?;
        self.meter.read_labels(&part);
        match part.progress {
            Progress::Finished | Progress::Ended => {}
            Progress::Going | Progress::Failed(_) => return None,
        }
        if part.usage.is_none() && body.len() > COUNTED_HERE {
            let (tokenizer, body) = (Arc::clone(&self.upstream.tokenizer), body.clone());
            let counted = body.clone();
            let counting = spawn_blocking(move || count_completion(&tokenizer, endpoint, &counted));
            self.state = State::Counting { body, counting };
            return None;
        }
        self.meter.add(&part);
        self.state = State::Ending(End::Complete);
        Some(Step::Part { bytes: body.clone(), usage: Usage::default() })
    }

    async fn end(&mut self, end: End) -> Step {
        let usage = match end {
            End::Complete => {
                self.prompt_counted().await;
                self.meter.running()
            }
            // Failures are charged to nobody.
            End::Rejected { .. } | End::Broken | End::TooLarge | End::Silent => Usage::default(),
        };
        self.state = State::Over;
        Step::End { end, usage }
    }

    async fn read_stream(&mut self) -> Option<Step> {
        let State::Stream { response, reader } = &mut self.state else { return None };
        if reader.end().is_some() {
            return self.flush().await;
        }
        let read = if reader.has_something() {
            // One message for all that has come by now, not one for each event: the connection's task gets a turn to
            // hand over more, and nothing is waited for.
            yield_now().await;
            response.chunk().now_or_never()
        } else {
            Some(response.chunk().await)
        };
        match read {
            Some(Ok(Some(bytes))) => reader.feed(bytes, &mut self.meter),
            Some(Ok(None)) => reader.close(&mut self.meter),
            Some(Err(_)) => reader.break_off(),
            None => return self.flush().await,
        }
        if reader.gathered() >= CHUNK_BYTES || reader.end().is_some() {
            return self.flush().await;
        }
        None
    }

    /// What was gathered goes out.
    async fn flush(&mut self) -> Option<Step> {
        self.prompt_counted().await;
        let usage = self.meter.running();
        let State::Stream { reader, .. } = &mut self.state else { return None };
        let bytes = reader.take();
        if let Some(end) = reader.end() {
            let ended = std::mem::replace(&mut self.state, State::Ending(end));
            if let (State::Stream { response, .. }, End::Complete) = (ended, end) {
                drain(response);
            }
        }
        (!bytes.is_empty()).then_some(Step::Part { bytes, usage })
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

fn joined(read: &mut Vec<Bytes>) -> Bytes {
    if read.len() < 2 {
        return read.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(read.iter().map(Bytes::len).sum());
    read.drain(..).for_each(|part| whole.extend_from_slice(&part));
    whole.freeze()
}
