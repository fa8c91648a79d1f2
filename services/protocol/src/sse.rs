//! Server-sent events: cutting a stream where its events end, and reading what they carry.
//!
//! Lines end in LF, CRLF or CR, and an event at an empty line; a network read may end anywhere between.

use std::{borrow::Cow, ops::Range};

use bytes::{BufMut, Bytes, BytesMut};
use memchr::{memchr2, memchr2_iter};

/// The end of a stream, as `OpenAI` says it.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// One event with `json`, which holds no line break.
pub fn event(json: &[u8]) -> Bytes {
    let mut event = BytesMut::with_capacity(json.len() + 8);
    event.put_slice(b"data: ");
    event.put_slice(json);
    event.put_slice(b"\n\n");
    event.freeze()
}

/// One event with a name, as some clients tell events apart.
pub fn named_event(name: &str, json: &[u8]) -> Bytes {
    let mut event = BytesMut::with_capacity(name.len() + json.len() + 16);
    event.put_slice(b"event: ");
    event.put_slice(name.as_bytes());
    event.put_slice(b"\ndata: ");
    event.put_slice(json);
    event.put_slice(b"\n\n");
    event.freeze()
}

/// Where the last event of `run` begins, if it is one with this name, or without one, and this data.
pub fn last_event(run: &[u8], name: Option<&str>, data: &str) -> Option<usize> {
    let mut rest = line_end(run, "data:", data)?;
    if let Some(name) = name {
        rest = line_end(rest, "event:", name)?;
    }
    Some(rest.len())
}

/// What stands before the last line, if that says `field` is `value`.
fn line_end<'a>(run: &'a [u8], field: &str, value: &str) -> Option<&'a [u8]> {
    let before = run.trim_ascii_end().strip_suffix(value.as_bytes())?;
    let before = before.trim_ascii_end().strip_suffix(field.as_bytes())?;
    (before.is_empty() || before.ends_with(b"\n") || before.ends_with(b"\r")).then_some(before)
}

/// An upstream that never ends an event would fill the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event on the stream is longer than {max_event_bytes} bytes")]
pub struct EventTooLong {
    pub max_event_bytes: usize,
}

/// Turns reads into runs of whole events, without copying where a read ends with an event.
#[derive(Debug)]
pub struct Framer {
    max_event_bytes: usize,
    /// The event that has not ended yet.
    partial: BytesMut,
    line: Line,
}

/// How far the stream is, between two reads.
#[derive(Debug, Default)]
struct Line {
    has_text: bool,
    after_cr: bool,
    /// Whether the last line was empty, and so ended an event.
    was_empty: bool,
}

impl Framer {
    pub fn new(max_event_bytes: usize) -> Self {
        Self { max_event_bytes, partial: BytesMut::new(), line: Line::default() }
    }

    /// The events that are whole with this read, in one piece.
    pub fn feed(&mut self, read: Bytes) -> Result<Option<Bytes>, EventTooLong> {
        let cut = self.last_event_end(&read)?;
        if cut == 0 {
            self.partial.extend_from_slice(&read);
            return Ok(None);
        }
        if self.partial.is_empty() {
            self.partial.extend_from_slice(&read[cut..]);
            return Ok(Some(if cut == read.len() { read } else { read.slice(..cut) }));
        }
        self.partial.extend_from_slice(&read[..cut]);
        let whole = self.partial.split().freeze();
        self.partial.extend_from_slice(&read[cut..]);
        Ok(Some(whole))
    }

    /// What an upstream left without an empty line when it closed the stream.
    pub fn finish(self) -> Option<Bytes> {
        (!self.partial.is_empty()).then(|| self.partial.freeze())
    }

    fn last_event_end(&mut self, read: &[u8]) -> Result<usize, EventTooLong> {
        let (mut cut, mut line_start, mut waiting) = (0, 0, self.partial.len());
        let Self { max_event_bytes, line, .. } = self;
        let max_event_bytes = *max_event_bytes;
        for at in memchr2_iter(b'\n', b'\r', read) {
            let has_text = line.has_text || at > line_start;
            line_start = at + 1;
            line.has_text = false;
            if read[at] == b'\n' && line.after_cr && !has_text {
                // The other half of a CRLF, which may have been torn apart: it ends no line of its own.
                line.after_cr = false;
                cut = if line.was_empty { at + 1 } else { cut };
                continue;
            }
            line.after_cr = read[at] == b'\r';
            line.was_empty = !has_text;
            if line.was_empty {
                if waiting + at + 1 - cut > max_event_bytes {
                    return Err(EventTooLong { max_event_bytes });
                }
                (cut, waiting) = (at + 1, 0);
            }
        }
        line.has_text |= read.len() > line_start;
        if waiting + read.len() - cut > max_event_bytes {
            return Err(EventTooLong { max_event_bytes });
        }
        Ok(cut)
    }
}

/// One event of a run, and where in the run it stands, its empty line included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    pub range: Range<usize>,
    pub payload: Payload<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A comment, an empty line, a field that is not data.
    Nothing,
    Done,
    Data(Cow<'a, [u8]>),
}

/// The events of a run that a [`Framer`] gave out. A last one without its empty line counts.
pub fn events(run: &[u8]) -> Events<'_> {
    Events { run, at: 0 }
}

#[derive(Debug, Clone)]
pub struct Events<'a> {
    run: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        let start = self.at;
        let mut data: Option<Cow<'a, [u8]>> = None;
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            let Some(value) = data_of(line) else { continue };
            data = Some(match data {
                None => Cow::Borrowed(value),
                Some(before) => Cow::Owned([&before, value].join(&b'\n')),
            });
        }
        let payload = match data {
            None => Payload::Nothing,
            // As the SDKs do, who stop reading here.
            Some(data) if data.starts_with(b"[DONE]") => Payload::Done,
            Some(data) => Payload::Data(data),
        };
        (self.at > start).then_some(Event { range: start..self.at, payload })
    }
}

impl<'a> Events<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.run[self.at..];
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let ending = match &rest[end..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        self.at += end + ending;
        Some(&rest[..end])
    }
}

fn data_of(line: &[u8]) -> Option<&[u8]> {
    match line.strip_prefix(b"data")? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// The run without the events that are not to be kept; not copied if what is kept hangs together.
pub fn retain(run: &Bytes, mut keep: impl FnMut(&Event<'_>) -> bool) -> Bytes {
    let mut kept: Vec<Range<usize>> = Vec::with_capacity(1);
    for event in events(run).filter(|event| keep(event)) {
        match kept.last_mut() {
            Some(last) if last.end == event.range.start => last.end = event.range.end,
            Some(_) | None => kept.push(event.range),
        }
    }
    match kept.as_slice() {
        [] => Bytes::new(),
        [one] => run.slice(one.clone()),
        several => several.iter().flat_map(|range| &run[range.clone()]).copied().collect(),
    }
}

#[cfg(test)]
#[path = "sse_spec.rs"]
mod spec;
