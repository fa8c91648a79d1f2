//! The body of a reply: whole, or one frame after the other as the script paces them.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    answer::ScriptedAnswer,
    deliveries::{End, Recording},
    script::Script,
};

#[derive(Debug)]
pub(super) enum Reply {
    Whole { body: Bytes, recording: Option<Recording> },
    Stream(Box<Stream>),
}

#[derive(Debug)]
pub(super) struct Stream {
    answer: ScriptedAnswer,
    script: Script,
    next: Next,
    /// Cut into pieces as the script wants, not yet sent.
    pieces: VecDeque<Bytes>,
    timer: Option<Pin<Box<Sleep>>>,
    recording: Option<Recording>,
}

#[derive(Debug)]
enum Next {
    Chunk(u32),
    End,
    /// What was written before leaves before the connection breaks: a body that is not ready gets flushed.
    Flush,
    Cut,
    Nothing,
}

impl Reply {
    pub fn short(body: impl Into<Bytes>) -> Self {
        Self::Whole { body: body.into(), recording: None }
    }

    pub fn whole(answer: ScriptedAnswer, script: Script, mut recording: Recording) -> Self {
        let mut body = answer.whole();
        let delivery = &mut recording.delivery;
        (delivery.chunks, delivery.bytes) = (script.chunks, body.len() as u64);
        (delivery.prompt_tokens, delivery.completion_tokens) =
            (answer.prompt_tokens, script.chunks);
        let recording = Some(recording);
        if script.cut_after.is_none() {
            return Self::Whole { body, recording };
        }
        body.truncate(body.len() / 2);
        let (pieces, timer) = ([body].into(), None);
        Self::Stream(Box::new(Stream {
            answer,
            script,
            next: Next::Flush,
            pieces,
            timer,
            recording,
        }))
    }

    pub fn stream(answer: ScriptedAnswer, script: Script, mut recording: Recording) -> Self {
        recording.delivery.prompt_tokens = answer.prompt_tokens;
        let timer = pause(script.first_chunk_ms);
        let (pieces, recording) = (VecDeque::new(), Some(recording));
        let mut stream = Stream { answer, script, next: Next::Nothing, pieces, timer, recording };
        stream.next = stream.after(0);
        Self::Stream(Box::new(stream))
    }
}

fn pause(ms: u64) -> Option<Pin<Box<Sleep>>> {
    (ms > 0).then(|| Box::pin(sleep_until(Instant::now() + Duration::from_millis(ms))))
}

fn end(recording: &mut Option<Recording>, end: End) {
    if let Some(mut recording) = recording.take() {
        recording.delivery.end = end;
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole { body, recording } => {
                end(recording, End::Complete);
                let body = std::mem::take(body);
                Poll::Ready((!body.is_empty()).then(|| Ok(Frame::data(body))))
            }
            Self::Stream(stream) => {
                stream.poll(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole { body, .. } => body.is_empty(),
            Self::Stream(stream) => stream.recording.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole { body, .. } => SizeHint::with_exact(body.len() as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

impl Stream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Poll::Ready(Some(Ok(self.sent(piece))));
            }
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(context));
                self.timer = None;
            }
            match self.next {
                // Nobody wakes it but the client's going.
                Next::Chunk(n) if self.script.hang_after == Some(n) => return Poll::Pending,
                Next::Chunk(n) => self.chunk(n),
                Next::End => {
                    let frames = self.answer.end(!self.script.no_done);
                    self.next = Next::Nothing;
                    self.cut_up(frames.into());
                }
                Next::Flush => {
                    self.next = Next::Cut;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Next::Cut => {
                    end(&mut self.recording, End::Cut);
                    self.next = Next::Nothing;
                    let error = io::Error::other("cut off as the script wants");
                    return Poll::Ready(Some(Err(error)));
                }
                Next::Nothing => {
                    end(&mut self.recording, End::Complete);
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn chunk(&mut self, n: u32) {
        let mut frame = self.answer.chunk(n);
        if self.script.keepalive_comments {
            frame.insert_str(0, ": keep-alive\n\n");
        }
        self.cut_up(frame.into());
        self.next = self.after(n + 1);
        if !matches!(self.next, Next::End) {
            self.timer = pause(self.script.pace_ms);
        }
        if let Some(recording) = &mut self.recording {
            recording.delivery.chunks += 1;
            recording.delivery.completion_tokens += 1;
        }
    }

    fn after(&self, chunks: u32) -> Next {
        if self.script.cut_after == Some(chunks) {
            Next::Flush
        } else if chunks >= self.script.chunks && self.script.hang_after != Some(chunks) {
            Next::End
        } else {
            Next::Chunk(chunks)
        }
    }

    fn cut_up(&mut self, mut frame: Bytes) {
        if let Some(size) = self.script.split_bytes {
            while frame.len() > size.max(1) {
                self.pieces.push_back(frame.split_to(size.max(1)));
            }
        }
        self.pieces.push_back(frame);
    }

    fn sent(&mut self, piece: Bytes) -> Bytes {
        if let Some(recording) = &mut self.recording {
            recording.delivery.bytes += piece.len() as u64;
        }
        // Told complete with its last piece: the client may hang up before the next poll.
        if self.pieces.is_empty() && matches!(self.next, Next::Nothing) {
            end(&mut self.recording, End::Complete);
        }
        piece
    }
}
