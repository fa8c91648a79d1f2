//! What must hold for any bytes: tried by the fuzz targets, and on every test run by `tests/fuzz_properties.rs`.
//!
//! Each property says whether the bytes came far enough to try more than their rejection.

use std::collections::HashMap;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use uplion_protocol::{
    Endpoint,
    endpoint::{Forwarding, chat_completions::Chunk},
    error::BadRequest,
    models,
    sse::{self, Framer, Payload},
};

const ENDPOINT: Endpoint = Endpoint::ChatCompletions;

const UPSTREAM_MODEL: &str = "up/\"é\\";

/// A body that is taken is JSON, and spliced it means the same but for the model and the wish for usage.
pub fn request(body: &[u8]) -> bool {
    let read = match ENDPOINT.read(body) {
        Ok(read) => read,
        Err(error) => {
            let is_json = serde_json::from_slice::<Value>(body).is_ok();
            assert!(!(is_json && matches!(error, BadRequest::NotJson(_))), "{error}");
            return false;
        }
    };
    serde_json::from_slice::<IgnoredAny>(body).expect("a body that is read is JSON");
    ENDPOINT.prompt(body).expect("a body that is read has a prompt to count");
    let forwarding = Forwarding::decode(&read.forwarding.encode()).expect("it was written here");
    let (streamed, usage_wanted) = (forwarding.streamed, forwarding.usage_wanted);
    let upstream = forwarding
        .for_upstream(&Bytes::copy_from_slice(body), UPSTREAM_MODEL)
        .expect("it was read from this body");
    let again = ENDPOINT.read(&upstream).expect("a spliced body is read");
    assert_eq!(again.model, UPSTREAM_MODEL);
    assert_eq!(again.forwarding.usage_wanted, usage_wanted || streamed);
    assert_eq!(
        (again.forwarding.streamed, again.most_output, again.n),
        (streamed, read.most_output, read.n)
    );
    let plain = ENDPOINT.without_usage_wish(&upstream);
    assert_eq!(plain.is_some(), names_options(&upstream));
    if let Some(plain) = plain {
        let plain = ENDPOINT.read(&plain).expect("a body is one without a member, too");
        assert_eq!((plain.model.as_str(), plain.n), (UPSTREAM_MODEL, read.n));
        assert!(!plain.forwarding.usage_wanted);
    }
    let twice = again.forwarding.for_upstream(&upstream, UPSTREAM_MODEL).expect("its own body");
    assert_eq!(twice, upstream, "splicing twice is splicing once");
    // A Value cannot hold every number that JSON can write.
    if let Ok(mut meant) = serde_json::from_slice::<Value>(body) {
        meant["model"] = UPSTREAM_MODEL.into();
        if streamed {
            meant["stream_options"]["include_usage"] = json!(true);
        }
        assert_eq!(serde_json::from_slice::<Value>(&upstream).expect("as the body was"), meant);
    }
    true
}

/// However a stream is torn, it comes out whole and with the same events. The first byte says how it is torn.
pub fn sse(bytes: &[u8]) -> bool {
    let Some((&first, stream)) = bytes.split_first() else { return false };
    let mut framer = Framer::new(stream.len().max(1));
    let (mut out, mut seen, mut rest, mut step) =
        (Vec::new(), Vec::new(), stream, usize::from(first));
    while !rest.is_empty() {
        step = (step * 5 + 3) % 61;
        let (read, left) = rest.split_at((step + 1).min(rest.len()));
        rest = left;
        let run =
            framer.feed(Bytes::copy_from_slice(read)).expect("no event is longer than the stream");
        if let Some(run) = run {
            seen.extend(payloads(&run));
            out.extend_from_slice(&run);
        }
    }
    if let Some(end) = framer.finish() {
        seen.extend(payloads(&end));
        out.extend_from_slice(&end);
    }
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    assert_eq!(out, stream, "nothing is lost and nothing invented");
    assert_eq!(seen, payloads(stream), "the same events");
    let all = Bytes::copy_from_slice(stream);
    assert_eq!(sse::retain(&all, |_| true), all);
    !seen.is_empty()
}

fn payloads(run: &[u8]) -> Vec<Payload<'static>> {
    sse::events(run)
        .filter_map(|event| match event.payload {
            Payload::Nothing => None,
            Payload::Done => Some(Payload::Done),
            Payload::Data(data) => Some(Payload::Data(data.into_owned().into())),
            Payload::Error(data) => Some(Payload::Error(data.into_owned().into())),
            Payload::Bare(json) => Some(Payload::Bare(json.into_owned().into())),
        })
        .collect()
}

#[expect(clippy::zero_sized_map_values, reason = "values may be what no type of ours holds")]
fn names_options(body: &[u8]) -> bool {
    let members: HashMap<String, IgnoredAny> = serde_json::from_slice(body).expect("an object");
    members.contains_key("stream_options")
}

/// An upstream's answer is read if it is JSON; what it says of usage adds up, and it can be taken apart and put together.
pub fn reply(json: &[u8]) -> bool {
    let names = models::names(json).unwrap_or_default();
    assert!(names.iter().all(|name| !name.is_empty()));
    let Ok(chunk) = Chunk::read(json) else {
        assert!(serde_json::from_slice::<Value>(json).is_err(), "a reply that is JSON is read");
        return false;
    };
    let mut reader = ENDPOINT.answer_reader(1);
    reader.event(json).expect("it was read a moment ago");
    let whole = ENDPOINT.answer_reader(1).whole(json).is_ok();
    assert!(whole, "what is read as an event is read as a whole");
    assert!(chunk.pieces.iter().all(|piece| !piece.text.is_empty()));
    assert!(chunk.choices > 0 || chunk.pieces.is_empty());
    let events = ENDPOINT.events_of(json).expect("what is read can be taken apart");
    let mut gatherer = ENDPOINT.answer_gatherer();
    for event in sse::events(&events) {
        let Payload::Data(data) = event.payload else { panic!("each is an event with data") };
        gatherer.event(&data).expect("it was written here");
    }
    let again = gatherer.whole(&uplion_domain::Usage::default());
    let again = Chunk::read(&again).expect("it was written here");
    assert_eq!(again.is_finished(), chunk.choices > 0 && again.choices > 0);
    if let Some(usage) = &chunk.usage {
        assert!(
            usage.cached_tokens() <= usage.prompt_tokens()
                && usage.reasoning_tokens() <= usage.completion_tokens()
        );
    }
    chunk.usage.is_some() || !chunk.pieces.is_empty() || !names.is_empty()
}
