//! Which events somebody asks for, as the API is asked for them.

use uplion_domain::subject::{AggregateId, Subject};
use uplion_log_store::event_query::{EventQuery, Order};
use uplion_log_transport::stream::StreamName;

use crate::{headers, problem::Problem};

pub struct EventFilter {
    pub stream: Option<String>,
    pub kind: Option<String>,
    pub id: Option<String>,
    pub actor: Option<String>,
    pub event_type: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl EventFilter {
    pub fn query(&self) -> Result<EventQuery, Problem> {
        let Self { stream, kind, id, actor, event_type, from, to } = self;
        for text in [kind, actor, event_type].into_iter().flatten() {
            if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(meaningless(format!("nothing is called {text:?}")));
            }
        }
        let (subject, of_kind) = match (kind, id) {
            (None, None) => (None, None),
            // A kind of things is a part of the types of their events.
            (Some(kind), None) => (None, Some(format!("uplion.{kind}."))),
            (Some(kind), Some(id)) => {
                let aggregate = AggregateId::parse(kind, id).map_err(|_| {
                    meaningless(format!("kind and id name nothing: there is no {kind} {id:?}"))
                })?;
                (Some(Subject::Control(aggregate)), None)
            }
            (None, Some(_)) => {
                return Err(meaningless("an id needs a kind with it"));
            }
        };
        let types = match (event_type, of_kind) {
            (Some(begin), Some(of_kind)) if begin.starts_with(&of_kind) => Some(begin.clone()),
            (Some(_), Some(_)) => {
                return Err(meaningless("the type is not one of that kind of things"));
            }
            (begin, of_kind) => begin.clone().or(of_kind),
        };
        let (from, to) = headers::span(from.as_deref(), to.as_deref())?;
        Ok(EventQuery {
            stream: stream.as_deref().map(stream_named).transpose()?,
            subject,
            actor: actor.clone(),
            kind: types,
            from,
            to,
        })
    }
}

pub fn order(text: Option<&str>) -> Result<Order, Problem> {
    match text {
        None | Some("oldest") => Ok(Order::OldestFirst),
        Some("newest") => Ok(Order::NewestFirst),
        Some(other) => {
            Err(meaningless(format!("order: oldest or newest is expected, not {other:?}")))
        }
    }
}

fn stream_named(text: &str) -> Result<StreamName, Problem> {
    let named = StreamName::ALL.into_iter().find(|stream| stream.as_str() == text);
    named.ok_or_else(|| {
        let all = StreamName::ALL.map(StreamName::as_str).join(", ");
        meaningless(format!("stream: one of {all} is expected, not {text:?}"))
    })
}

/// It can be read, and asks for nothing.
fn meaningless(text: impl Into<String>) -> Problem {
    Problem::unacceptable("rejected", text)
}
