//! A stream's chunks, put together into the completion that they are the parts of.
//!
//! What is not known is kept: texts are put behind each other, lists too, objects are joined member by member, and of
//! anything else the last is kept.

use bytes::Bytes;
use uplion_domain::Usage;

use super::{super::AnswerGatherer, usage};
use crate::{
    Malformed,
    json::{
        scan::Scanner,
        tree::{Members, Node, get, get_mut, set, take},
    },
};

/// Texts that are repeated, not continued.
const REPEATED: [&str; 8] =
    ["id", "type", "role", "object", "index", "model", "finish_reason", "format"];

/// Parts of a content that come in pieces.
const CONTINUED: [&str; 4] = ["text", "thinking", "reasoning.text", "reasoning.summary"];

#[derive(Default)]
pub(super) struct Gathered {
    head: Members,
    /// By their `index`.
    choices: Vec<(u64, Members)>,
    usage: Option<Node>,
    bytes: usize,
}

impl AnswerGatherer for Gathered {
    fn event(&mut self, data: &[u8]) -> Result<(), Malformed> {
        for (name, value) in Node::read(data)?.members().unwrap_or_default() {
            match name.as_str() {
                "choices" => {
                    self.bytes += value.bytes();
                    let choices = value.items().unwrap_or_default();
                    choices
                        .into_iter()
                        .enumerate()
                        .for_each(|(n, choice)| self.add(n as u64, choice));
                }
                "usage" => self.report(value),
                "object" => {}
                "id" | "created" | "model" if get(&self.head, &name).is_some() => {}
                _ if value == Node::Null && get(&self.head, &name).is_some() => {}
                _ => set(&mut self.head, &name, value),
            }
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn whole(&mut self, counted: &Usage) -> Bytes {
        let mut whole = std::mem::take(&mut self.head);
        whole.insert(whole.len().min(1), ("object".to_owned(), Node::text("chat.completion")));
        let mut choices = std::mem::take(&mut self.choices);
        choices.sort_by_key(|(index, _)| *index);
        let choices = choices.into_iter().map(|(index, choice)| finished(index, choice));
        whole.push(("choices".to_owned(), Node::Array(choices.collect())));
        let usage = self.usage.take();
        let usage =
            usage.or_else(|| Node::read(usage::to_json(counted).to_string().as_bytes()).ok());
        whole.extend(usage.map(|usage| ("usage".to_owned(), usage)));
        let mut json = String::with_capacity(self.bytes);
        Node::Object(whole).write(&mut json);
        json.into()
    }
}

impl Gathered {
    fn add(&mut self, place: u64, choice: Node) {
        let Some(members) = choice.members() else { return };
        let index = get(&members, "index").and_then(Node::number).unwrap_or(place);
        let at = self.choices.iter().position(|(known, _)| *known == index);
        let at = at.unwrap_or_else(|| {
            self.choices.push((index, Vec::new()));
            self.choices.len() - 1
        });
        let known = &mut self.choices[at].1;
        for (name, value) in members {
            match name.as_str() {
                "index" => {}
                "delta" | "message" => join_member(known, "message", value),
                "usage" => self.usage = Some(value),
                "finish_reason" => {
                    if value.as_text().is_some_and(|why| !matches!(why, "" | "null")) {
                        set(known, "finish_reason", value);
                    }
                }
                _ => join_member(known, &name, value),
            }
        }
    }

    /// The last report that says something.
    fn report(&mut self, value: Node) {
        let mut json = String::new();
        value.write(&mut json);
        let report = Scanner::answer(json.as_bytes(), usage::Report::read);
        let says = report.ok().and_then(|report| report.usage(usage::Place::Usage));
        if says.is_some_and(|usage| !usage.is_none()) {
            self.usage = Some(value);
        }
    }
}

fn join_member(members: &mut Members, name: &str, value: Node) {
    if let Some(known) = get_mut(members, name) {
        return join(known, value, name);
    }
    let value = if let Node::Array(items) = value { joined_list(items) } else { value };
    members.push((name.to_owned(), value));
}

fn join(known: &mut Node, value: Node, name: &str) {
    match (known, value) {
        (_, Node::Null) => {}
        (known, value) if known.is_empty() => {
            *known = if let Node::Array(items) = value { joined_list(items) } else { value };
        }
        (Node::Text(known), Node::Text(more)) => {
            let repeats = REPEATED.contains(&name) || name == "name" && *known == more;
            if !repeats {
                known.push_str(&more);
            }
        }
        (Node::Array(known), Node::Array(items)) => {
            for item in items {
                join_item(known, item);
            }
        }
        (Node::Object(known), Node::Object(members)) => {
            for (name, value) in members {
                join_member(known, &name, value);
            }
        }
        (known @ Node::Plain(_), value @ Node::Plain(_)) => *known = value,
        // A content may be a text in one chunk and a list of parts in the next.
        (known @ Node::Text(_), Node::Array(items)) => {
            let text = std::mem::replace(known, Node::Null);
            *known = Node::Array(vec![text_part(text)]);
            join(known, Node::Array(items), name);
        }
        (Node::Array(known), text @ Node::Text(_)) => join_item(known, text_part(text)),
        (Node::Object(_) | Node::Array(_) | Node::Text(_) | Node::Plain(_) | Node::Null, _) => {}
    }
}

fn joined_list(items: Vec<Node>) -> Node {
    let mut known = Vec::new();
    for item in items {
        join_item(&mut known, item);
    }
    Node::Array(known)
}

fn text_part(text: Node) -> Node {
    Node::Object(vec![("type".to_owned(), Node::text("text")), ("text".to_owned(), text)])
}

/// Items with an `index` are parts of the one that has the same, but not if they are called otherwise; a text goes on
/// where the one before it ended.
fn join_item(known: &mut Vec<Node>, item: Node) {
    let index = item.get("index").and_then(Node::number);
    let id = |item: &Node| item.get("id").and_then(Node::as_text).unwrap_or("").to_owned();
    let item_id = id(&item);
    let is_call = item.get("function").is_some();
    let goes_on =
        item.get("type").and_then(Node::as_text).is_some_and(|kind| CONTINUED.contains(&kind));
    let newest = known.len().wrapping_sub(1);
    let same = known.iter_mut().enumerate().rev().find(|(at, known)| match index {
        Some(_) => {
            let known_id = id(known);
            known.get("index").and_then(Node::number) == index
                && (item_id.is_empty() || known_id.is_empty() || known_id == item_id)
        }
        None if is_call => item_id.is_empty() || id(known) == item_id,
        None => goes_on && *at == newest && known.get("type") == item.get("type"),
    });
    let same = same.map(|(_, known)| known);
    match same {
        Some(known) => join(known, item, ""),
        None => known.push(item),
    }
}

/// As it stands in a completion.
fn finished(index: u64, mut choice: Members) -> Node {
    let mut message = take(&mut choice, "message").and_then(Node::members).unwrap_or_default();
    if get(&message, "role").is_none() {
        message.insert(0, ("role".to_owned(), Node::text("assistant")));
    }
    if get(&message, "content").is_none() {
        message.insert(1, ("content".to_owned(), Node::Null));
    }
    if let Some(Node::Array(calls)) = get_mut(&mut message, "tool_calls") {
        for call in calls {
            if let Node::Object(call) = call {
                take(call, "index");
            }
        }
    }
    let why = take(&mut choice, "finish_reason").unwrap_or(Node::Null);
    let mut members = vec![
        ("index".to_owned(), Node::Plain(index.to_string())),
        ("message".to_owned(), Node::Object(message)),
    ];
    members.extend(choice);
    members.push(("finish_reason".to_owned(), why));
    Node::Object(members)
}

#[cfg(test)]
#[path = "conversion_spec.rs"]
mod spec;
