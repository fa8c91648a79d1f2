//! The form of a case. What is not known here is refused, so that a misspelt expectation is no silent one.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{bill::Bill, reply::Reply};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What whoever reads the case should know of the world that it is from.
    #[serde(default, rename = "why")]
    _why: String,
    /// What the upstream replies: those with `when` to bodies that hold it, the others one after the other; the last
    /// goes on for ever. Without any it cannot be reached.
    pub upstream: Vec<Reply>,
    /// Of another upstream of the same model.
    #[serde(default)]
    pub second: Vec<Reply>,
    /// Of its upstreams; learnt if not said.
    #[serde(default)]
    pub stream_options: Option<String>,
    /// One after the other; those in a list of their own at once.
    pub asks: Vec<Asks>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Asks {
    AtOnce(Vec<Ask>),
    One(Box<Ask>),
}

/// A request, and what must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    #[serde(default)]
    pub stream: bool,
    /// The message; "hello world" if not said.
    #[serde(default)]
    pub text: Option<String>,
    /// More of the body.
    #[serde(default)]
    pub more: Map<String, Value>,
    pub gets: Gets,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gets {
    #[serde(default)]
    pub status: Option<u16>,
    /// Of the content, as far as it is said.
    #[serde(default)]
    pub content_type: Option<String>,
    #[serde(default)]
    pub retry_after: Option<String>,
    /// All of it.
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub has: Vec<String>,
    #[serde(default)]
    pub lacks: Vec<String>,
    /// What the answer says, its pieces put together.
    #[serde(default)]
    pub says: Option<String>,
    /// Whether a client can tell that it is whole.
    #[serde(default)]
    pub whole: Option<bool>,
    /// Of the body, or of the last event with choices or an error: values by JSON pointer.
    #[serde(default)]
    pub json: BTreeMap<String, Value>,
    #[serde(default)]
    pub within_ms: Option<u64>,
    /// How often the upstreams of the model have been called by then.
    #[serde(default)]
    pub calls: Option<usize>,
    /// In the last body that an upstream was sent.
    #[serde(default)]
    pub sent: Vec<String>,
    #[serde(default)]
    pub not_sent: Vec<String>,
    #[serde(default)]
    pub bill: Option<Bill>,
}

/// The cases of a file, in its order; a rule that is there twice is refused.
pub fn read(text: &str) -> Result<Vec<(String, Case)>, serde_json::Error> {
    struct Cases;

    impl<'de> Visitor<'de> for Cases {
        type Value = Vec<(String, Case)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object with a case for each rule")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut cases: Self::Value = Vec::new();
            while let Some((rule, case)) = map.next_entry::<String, Case>()? {
                if cases.iter().any(|(known, _)| *known == rule) {
                    return Err(A::Error::custom(format!("{rule:?} is there twice")));
                }
                cases.push((rule, case));
            }
            Ok(cases)
        }
    }

    serde_json::Deserializer::from_str(text).deserialize_map(Cases)
}
