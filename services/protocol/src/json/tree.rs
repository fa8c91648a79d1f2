//! A document as a tree whose leaves stand as they were written: for putting the chunks of a stream together, and for
//! taking a whole answer apart. Both are rare.
//!
//! Texts are kept with their escapes: halves of a surrogate pair from two chunks become one character when they are
//! put behind each other.

use std::fmt::Write as _;

use super::scan::{Kind, Malformed, Scanner};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Object(Members),
    Array(Vec<Node>),
    /// Escaped, without its quotes.
    Text(String),
    /// A number or a boolean.
    Plain(String),
    Null,
}

/// Names are kept as texts are.
pub(crate) type Members = Vec<(String, Node)>;

impl Node {
    /// An upstream's document.
    pub fn read(document: &[u8]) -> Result<Self, Malformed> {
        if std::str::from_utf8(document).is_err() {
            let text = String::from_utf8_lossy(document);
            return Scanner::answer(text.as_bytes(), Self::scan);
        }
        Scanner::answer(document, Self::scan)
    }

    fn scan(scan: &mut Scanner<'_>) -> Result<Self, Malformed> {
        Ok(match scan.peek() {
            Kind::Object => {
                let mut members = Vec::new();
                scan.object(|scan, key| {
                    let name = unquoted(key.quoted());
                    members.push((name, Self::scan(scan)?));
                    Ok::<_, Malformed>(())
                })?;
                Self::Object(members)
            }
            Kind::Array => {
                let mut items = Vec::new();
                scan.array(|scan| {
                    items.push(Self::scan(scan)?);
                    Ok::<_, Malformed>(())
                })?;
                Self::Array(items)
            }
            Kind::String => Self::Text(unquoted(scan.string()?.quoted())),
            Kind::Null => scan.null().map(|()| Self::Null)?,
            Kind::Number | Kind::Bool | Kind::Nothing => {
                let start = scan.at();
                scan.skip()?;
                Self::Plain(scan.since(start).to_owned())
            }
        })
    }

    pub fn text(text: &str) -> Self {
        Self::Text(unquoted(&serde_json::Value::from(text).to_string()))
    }

    pub fn members(self) -> Option<Members> {
        match self {
            Self::Object(members) => Some(members),
            Self::Array(_) | Self::Text(_) | Self::Plain(_) | Self::Null => None,
        }
    }

    pub fn items(self) -> Option<Vec<Self>> {
        match self {
            Self::Array(items) => Some(items),
            Self::Object(_) | Self::Text(_) | Self::Plain(_) | Self::Null => None,
        }
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => get(members, name),
            Self::Array(_) | Self::Text(_) | Self::Plain(_) | Self::Null => None,
        }
    }

    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Plain(text) => text.parse().ok(),
            Self::Object(_) | Self::Array(_) | Self::Text(_) | Self::Null => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Object(_) | Self::Array(_) | Self::Plain(_) | Self::Null => None,
        }
    }

    /// Null, or nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Object(members) => members.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Text(text) => text.is_empty(),
            Self::Plain(_) => false,
            Self::Null => true,
        }
    }

    /// That it takes, about.
    pub fn bytes(&self) -> usize {
        const NODE: usize = size_of::<Node>();
        NODE + match self {
            Self::Object(members) => {
                members.iter().map(|(name, value)| name.len() + value.bytes()).sum::<usize>()
            }
            Self::Array(items) => items.iter().map(Self::bytes).sum(),
            Self::Text(text) | Self::Plain(text) => text.len(),
            Self::Null => 0,
        }
    }

    pub fn write(&self, into: &mut String) {
        match self {
            Self::Object(members) => write_members(members, into),
            Self::Array(items) => {
                into.push('[');
                for (n, item) in items.iter().enumerate() {
                    into.push_str(if n > 0 { "," } else { "" });
                    item.write(into);
                }
                into.push(']');
            }
            // Writing to a String cannot fail.
            Self::Text(text) => drop(write!(into, "\"{text}\"")),
            Self::Plain(text) => into.push_str(text),
            Self::Null => into.push_str("null"),
        }
    }
}

fn write_members(members: &Members, into: &mut String) {
    into.push('{');
    for (n, (name, value)) in members.iter().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        let _ = write!(into, "{comma}\"{name}\":");
        value.write(into);
    }
    into.push('}');
}

pub(crate) fn get<'a>(members: &'a Members, name: &str) -> Option<&'a Node> {
    members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

pub(crate) fn get_mut<'a>(members: &'a mut Members, name: &str) -> Option<&'a mut Node> {
    members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// In the place of the one that has the name, or as the last.
pub(crate) fn set(members: &mut Members, name: &str, value: Node) {
    match get_mut(members, name) {
        Some(known) => *known = value,
        None => members.push((name.to_owned(), value)),
    }
}

pub(crate) fn take(members: &mut Members, name: &str) -> Option<Node> {
    let at = members.iter().position(|(known, _)| known == name)?;
    Some(members.remove(at).1)
}

fn unquoted(quoted: &str) -> String {
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod spec {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leaves_stand_as_they_were_written() {
        let text =
            r#"{"a":[1.50e+3,-0,NaN,{}],"\u00e9":"\ud83d x\/","b":null,"c":[true,Infinity]}"#;
        let mut written = String::new();
        Node::read(text.as_bytes()).unwrap().write(&mut written);
        assert_eq!(written, text);
    }

    proptest! {
        #[test]
        fn a_text_is_written_as_it_reads(text: String) {
            let mut written = String::new();
            Node::text(&text).write(&mut written);
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
