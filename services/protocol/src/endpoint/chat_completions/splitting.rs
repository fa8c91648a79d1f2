//! A whole completion as the stream that says the same: for each choice a chunk with all of it and one with its end,
//! then the usage.

use bytes::{Bytes, BytesMut};

use crate::{
    Malformed,
    json::tree::{Members, Node, get, get_mut, take},
    sse,
};

pub(super) fn events(whole: &[u8]) -> Result<Bytes, Malformed> {
    let mut head = Node::read(whole)?.members().unwrap_or_default();
    let choices = take(&mut head, "choices").and_then(Node::items).unwrap_or_default();
    let usage = take(&mut head, "usage").filter(|usage| !usage.is_empty());
    take(&mut head, "object");
    head.insert(head.len().min(1), ("object".to_owned(), Node::text("chat.completion.chunk")));
    let mut events = BytesMut::new();
    let mut add = |choices: Vec<Node>, more: Option<(String, Node)>| {
        let mut chunk = head.clone();
        chunk.push(("choices".to_owned(), Node::Array(choices)));
        chunk.extend(more);
        let mut json = String::new();
        Node::Object(chunk).write(&mut json);
        events.extend_from_slice(&sse::event(json.as_bytes()));
    };
    for (place, choice) in choices.into_iter().enumerate() {
        let Some(choice) = choice.members() else { continue };
        for chunk in chunks(place, choice) {
            add(vec![chunk], None);
        }
    }
    if let Some(usage) = usage {
        add(Vec::new(), Some(("usage".to_owned(), usage)));
    }
    Ok(events.freeze())
}

/// What the choice says, and why it ended.
fn chunks(place: usize, mut choice: Members) -> [Node; 2] {
    let index = take(&mut choice, "index").unwrap_or_else(|| Node::Plain(place.to_string()));
    let message = take(&mut choice, "message").or_else(|| take(&mut choice, "delta"));
    let mut delta = message.and_then(Node::members).unwrap_or_default();
    if let Some(Node::Array(calls)) = get_mut(&mut delta, "tool_calls") {
        calls.iter_mut().enumerate().for_each(|(n, call)| number(call, n));
    }
    let why = take(&mut choice, "finish_reason").filter(|why| !why.is_empty());
    let why = why.unwrap_or_else(|| Node::text("stop"));
    let chunk = |delta: Members, more: Members, why: Node| {
        let mut members =
            vec![("index".to_owned(), index.clone()), ("delta".to_owned(), Node::Object(delta))];
        members.extend(more);
        members.push(("finish_reason".to_owned(), why));
        Node::Object(members)
    };
    [chunk(delta, choice, Node::Null), chunk(Vec::new(), Vec::new(), why)]
}

/// In a stream each call says which one it is.
fn number(call: &mut Node, n: usize) {
    if let Node::Object(call) = call
        && get(call, "index").is_none()
    {
        call.insert(0, ("index".to_owned(), Node::Plain(n.to_string())));
    }
}
