//! Server-sent events: cutting a stream where its events end, and reading what they carry.
//!
//! Lines end in LF, CRLF or CR, and an event at an empty line; a network read may end anywhere between. One byte order
//! mark may stand before the first.

use std::{borrow::Cow, ops::Range};

use bytes::{BufMut, Bytes, BytesMut};
use memchr::{memchr2, memchr2_iter};

/// The end of a stream, as `OpenAI` says it.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

const BOM: &[u8] = b"\xef\xbb\xbf";

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
    /// Bytes of a byte order mark that were seen; none once it is known what the stream begins with.
    mark: Option<usize>,
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
        Self { max_event_bytes, partial: BytesMut::new(), line: Line::default(), mark: Some(0) }
    }

    /// The events that are whole with this read, in one piece.
    pub fn feed(&mut self, read: Bytes) -> Result<Option<Bytes>, EventTooLong> {
        let read = match self.mark {
            Some(seen) => self.without_mark(read, seen),
            None => read,
        };
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

    /// Takes the byte order mark off, of which `seen` bytes were in reads before.
    fn without_mark(&mut self, read: Bytes, seen: usize) -> Bytes {
        let more = BOM[seen..].iter().zip(&read).take_while(|(mark, byte)| mark == byte).count();
        let seen = seen + more;
        self.mark = None;
        if seen == BOM.len() {
            return read.slice(more..);
        }
        if more == read.len() {
            self.mark = Some(seen);
            return Bytes::new();
        }
        if seen == more { read } else { [&BOM[..seen], &read[more..]].concat().into() }
    }

    /// What an upstream left without an empty line when it closed the stream.
    pub fn finish(mut self) -> Option<Bytes> {
        self.partial.extend_from_slice(&BOM[..self.mark.unwrap_or(0)]);
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
    /// A comment, an empty line, a field that is not data, data that is empty: the usual clients would stumble over it.
    Nothing,
    Done,
    Data(Cow<'a, [u8]>),
    /// Of an event that is called `error`.
    Error(Cow<'a, [u8]>),
    /// JSON that is no event's, but stands on the stream as it is: how some servers say that they failed.
    Bare(Cow<'a, [u8]>),
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
        let (mut data, mut bare, mut is_error) = (None, None, false);
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            if let Some(value) = value_of(line, b"data") {
                add(&mut data, value);
            } else if let Some(name) = value_of(line, b"event") {
                is_error = name == b"error";
            } else if line.starts_with(b"{") || bare.is_some() {
                add(&mut bare, line);
            }
        }
        let payload = payload(data, bare, is_error);
        (self.at > start).then_some(Event { range: start..self.at, payload })
    }
}

fn add<'a>(lines: &mut Option<Cow<'a, [u8]>>, line: &'a [u8]) {
    *lines = Some(match lines.take() {
        None => Cow::Borrowed(line),
        Some(before) => Cow::Owned([&before, line].join(&b'\n')),
    });
}

fn payload<'a>(
    data: Option<Cow<'a, [u8]>>,
    bare: Option<Cow<'a, [u8]>>,
    is_error: bool,
) -> Payload<'a> {
    match (data, bare) {
        (data, _) if is_error => Payload::Error(data.unwrap_or_default()),
        // As the SDKs do, who stop reading here.
        (Some(data), _) if data.trim_ascii_start().starts_with(b"[DONE]") => Payload::Done,
        (Some(data), _) if !data.trim_ascii().is_empty() => Payload::Data(data),
        (_, Some(bare)) => Payload::Bare(bare),
        (_, None) => Payload::Nothing,
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

/// The value of a line that has the field.
fn value_of<'a>(line: &'a [u8], field: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(field)? {
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
