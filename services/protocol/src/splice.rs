//! A client's body as the upstream must see it: the same bytes but for the model's name and, on streams, the
//! wish for usage. Models read prompts by the byte, and caches match them by the byte.

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};

use crate::request::{ChatRequest, StreamOptions};

/// `request` is what was read from this very `body`.
pub fn for_upstream(body: &Bytes, request: &ChatRequest, upstream_model: &str) -> Bytes {
    assert_eq!(
        body.len(),
        request.spans.body_len,
        "a request is spliced into the body it was read from"
    );
    let mut edits: Vec<Edit> =
        model(request, upstream_model).into_iter().chain(usage(request)).collect();
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|edit| edit.replaces.start);
    apply(body, &edits)
}

struct Edit {
    replaces: Range<usize>,
    with: Cow<'static, str>,
}

fn model(request: &ChatRequest, upstream_model: &str) -> Option<Edit> {
    (request.model != upstream_model).then(|| Edit {
        replaces: request.spans.model.clone(),
        with: serde_json::Value::from(upstream_model).to_string().into(),
    })
}

fn usage(request: &ChatRequest) -> Option<Edit> {
    if !request.stream || request.include_usage {
        return None;
    }
    Some(match &request.spans.stream_options {
        // Whatever else the object holds, it holds a model: a member may always follow that one.
        StreamOptions::Absent => {
            insert(request.spans.model.end, r#","stream_options":{"include_usage":true}"#)
        }
        StreamOptions::Null(null) => {
            Edit { replaces: null.clone(), with: r#"{"include_usage":true}"#.into() }
        }
        StreamOptions::Object { include_usage: Some(no), .. } => {
            Edit { replaces: no.clone(), with: "true".into() }
        }
        StreamOptions::Object { inside, empty: true, include_usage: None } => {
            insert(*inside, r#""include_usage":true"#)
        }
        StreamOptions::Object { inside, empty: false, include_usage: None } => {
            insert(*inside, r#""include_usage":true,"#)
        }
    })
}

fn insert(at: usize, text: &'static str) -> Edit {
    Edit { replaces: at..at, with: text.into() }
}

fn apply(body: &[u8], edits: &[Edit]) -> Bytes {
    let added: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut spliced = BytesMut::with_capacity(body.len() + added);
    let mut copied = 0;
    for edit in edits {
        spliced.extend_from_slice(&body[copied..edit.replaces.start]);
        spliced.extend_from_slice(edit.with.as_bytes());
        copied = edit.replaces.end;
    }
    spliced.extend_from_slice(&body[copied..]);
    spliced.freeze()
}

#[cfg(test)]
#[path = "splice_spec.rs"]
mod spec;
