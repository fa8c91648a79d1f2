//! An upstream's answer as it comes: cut at its events, metered, and without what the client did not ask for.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http::header::CONTENT_TYPE;
use tokio::task::{JoinHandle, spawn_blocking, yield_now};
use uplion_domain::Usage;
use uplion_log_transport::claim::{End, Head};
use uplion_protocol::{Endpoint, endpoint::Progress};

use super::{
    Upstream,
    client::Response,
    stream::{Reader, drain},
    verdict::Verdict,
};
use crate::{
    meter::{Counted, Meter, count_completion, count_prompt},
    outbox::CHUNK_BYTES,
    tokens::Tokenizer,
};

/// An upstream that explains at greater length why it rejects a request is cut short.
const REJECTION_BYTES: usize = 1 << 20;
/// A longer answer that reports no usage is counted on a thread of its own.
const COUNTED_HERE: usize = 16 * 1024;

type Call = Pin<Box<dyn Future<Output = Result<Response, Verdict>> + Send>>;

/// What the client asked for, as far as its answer depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub endpoint: Endpoint,
    pub stream: bool,
    /// Whether the client itself wants a stream's usage.
    pub usage: bool,
    /// Bytes of an answer that is not streamed.
    pub most: u64,
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
    /// There is no answer: trouble, or worse.
    None(Verdict),
}

pub struct Answer {
    wanted: Wanted,
    tokenizer: Arc<Tokenizer>,
    meter: Meter,
    /// Of a long prompt.
    counting: Option<JoinHandle<u64>>,
    stage: Stage,
}

enum Stage {
    Calling(Call),
    Whole {
        response: Response,
        rejected: bool,
        status: u16,
        read: Vec<Bytes>,
        most: u64,
    },
    /// A long answer without usage.
    Counting {
        body: Bytes,
        counting: JoinHandle<Counted>,
    },
    Stream {
        response: Response,
        reader: Reader,
    },
    Ending(End),
    Over,
}

impl Answer {
    /// `body` is the client's own, `spliced` is for the upstream.
    pub fn call(
        upstream: &Arc<Upstream>,
        tokenizer: &Arc<Tokenizer>,
        body: Bytes,
        spliced: Bytes,
        wanted: Wanted,
    ) -> Self {
        let stage = Stage::Calling(Box::pin(Arc::clone(upstream).call(spliced)));
        let tokenizer = Arc::clone(tokenizer);
        let meter = Meter::new(Arc::clone(&tokenizer), wanted.endpoint, body);
        let mut answer = Self { wanted, tokenizer, meter, counting: None, stage };
        if wanted.stream {
            // While the upstream reads the prompt too.
            answer.count_long_prompt();
        }
        answer
    }

    /// What comes next. Cancel-safe.
    pub async fn next(&mut self) -> Step {
        loop {
            let step = match &mut self.stage {
                Stage::Calling(call) => match call.await {
                    Ok(response) => Some(self.begin(response)),
                    Err(verdict) => {
                        self.stage = Stage::Over;
                        Some(Step::None(verdict))
                    }
                },
                Stage::Whole { .. } => self.read_whole().await,
                Stage::Counting { body, counting } => {
                    let (body, counted) = (body.clone(), counting.await);
                    self.meter.completion_counted(counted.unwrap_or_default());
                    self.stage = Stage::Ending(End::Complete);
                    Some(Step::Part { bytes: body, usage: Usage::default() })
                }
                Stage::Stream { .. } => self.read_stream().await,
                Stage::Ending(end) => {
                    let end = *end;
                    Some(self.end(end).await)
                }
                Stage::Over => std::future::pending().await,
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Whether what comes next has bytes, or may have.
    pub fn needs_room(&self) -> bool {
        match self.stage {
            Stage::Calling(_)
            | Stage::Whole { .. }
            | Stage::Counting { .. }
            | Stage::Stream { .. } => true,
            Stage::Ending(_) | Stage::Over => false,
        }
    }

    fn begin(&mut self, response: Response) -> Step {
        let status = response.status().as_u16();
        let content_type = response.header(CONTENT_TYPE);
        let content_type = content_type.unwrap_or("application/json").to_owned();
        let rejected = !response.status().is_success();
        let streams = self.wanted.stream && !content_type.starts_with("application/json");
        self.stage = if streams && !rejected {
            let answer = self.wanted.endpoint.answer_reader();
            Stage::Stream { response, reader: Reader::new(answer, self.wanted.usage) }
        } else {
            let most = if rejected { REJECTION_BYTES as u64 } else { self.wanted.most };
            Stage::Whole { response, rejected, status, read: Vec::new(), most }
        };
        Step::Begun(Head { status, content_type })
    }

    async fn read_whole(&mut self) -> Option<Step> {
        let Stage::Whole { response, rejected, status, read, most } = &mut self.stage else {
            return None;
        };
        match response.chunk().await {
            Ok(Some(more)) => {
                let bytes = read.iter().map(Bytes::len).sum::<usize>() + more.len();
                if bytes as u64 > *most {
                    self.stage = Stage::Ending(End::TooLarge);
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
                self.stage = Stage::Ending(End::Rejected { status });
                Some(Step::Part { bytes: body, usage: Usage::default() })
            }
            Err(_) => {
                self.stage = Stage::Ending(End::Broken);
                None
            }
        }
    }

    fn whole(&mut self, body: &Bytes) -> Option<Step> {
        self.stage = Stage::Ending(End::Broken);
        // A client that wanted a stream cannot read one JSON object.
        let endpoint = self.wanted.endpoint;
        let mut reader = endpoint.answer_reader();
        let part = reader.whole(body).ok().filter(|_| !self.wanted.stream)?;
        match part.progress {
            Progress::Finished | Progress::Ended => {}
            Progress::Going | Progress::Failed(_) => return None,
        }
        if part.usage.is_none() && body.len() > COUNTED_HERE {
            let (tokenizer, body) = (Arc::clone(&self.tokenizer), body.clone());
            let counted = body.clone();
            let counting = spawn_blocking(move || count_completion(&tokenizer, endpoint, &counted));
            self.stage = Stage::Counting { body, counting };
            return None;
        }
        self.meter.add(&part);
        self.stage = Stage::Ending(End::Complete);
        Some(Step::Part { bytes: body.clone(), usage: Usage::default() })
    }

    async fn end(&mut self, end: End) -> Step {
        let usage = match end {
            End::Complete => {
                self.prompt_counted().await;
                self.meter.running()
            }
            // Failures are charged to nobody.
            End::Rejected { .. } | End::Broken | End::TooLarge => Usage::default(),
        };
        self.stage = Stage::Over;
        Step::End { end, usage }
    }

    async fn read_stream(&mut self) -> Option<Step> {
        let Stage::Stream { response, reader } = &mut self.stage else { return None };
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
        let Stage::Stream { reader, .. } = &mut self.stage else { return None };
        let bytes = reader.take();
        if let Some(end) = reader.end() {
            let ended = std::mem::replace(&mut self.stage, Stage::Ending(end));
            if let (Stage::Stream { response, .. }, End::Complete) = (ended, end) {
                drain(response);
            }
        }
        (!bytes.is_empty()).then_some(Step::Part { bytes, usage })
    }

    fn count_long_prompt(&mut self) {
        if let Some(body) = self.meter.long_prompt() {
            let (tokenizer, endpoint) = (Arc::clone(&self.tokenizer), self.wanted.endpoint);
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

impl Drop for Answer {
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
