//! Which events of the archive somebody wants, and how both stores look for them without looking through everything.

use uplion_domain::{Timestamp, subject::Subject};
use uplion_log_transport::stream::StreamName;

use crate::{archive::Archived, number::signed};

/// Nothing said: all. The control plane's events are found by indexes, however many requests there were; others by
/// looking through a part of the archive at a time.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    pub stream: Option<StreamName>,
    /// Of one aggregate.
    pub subject: Option<Subject>,
    pub actor: Option<String>,
    /// Types that begin so.
    pub kind: Option<String>,
    /// Not earlier.
    pub from: Option<Timestamp>,
    /// Earlier.
    pub to: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    OldestFirst,
    NewestFirst,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    pub events: Vec<Archived>,
    /// Where to look on; none if there is nothing more. There may be more where nothing was found.
    pub next: Option<u64>,
}

/// Of the archive, searched by one statement for what no index finds.
const AT_ONCE: u64 = 100_000;

/// One statement of a search through the archive.
pub struct QueryStep {
    /// With parameters as `$1`.
    pub conditions: String,
    pub parameters: Vec<Parameter>,
    /// The place behind which, or before which, this step finds nothing. None if it steps at everything.
    end: Option<u64>,
}

pub enum Parameter {
    Number(i64),
    Text(String),
}

impl QueryStep {
    /// From `place` on, which is not looked at itself; `head` is the archive's.
    pub fn new(
        query: &EventQuery,
        order: Order,
        place: Option<u64>,
        most: usize,
        head: u64,
    ) -> Self {
        let mut step = Self { conditions: String::new(), parameters: Vec::new(), end: None };
        let by_index = query.is_controls();
        match order {
            Order::OldestFirst => {
                let place = place.unwrap_or(0);
                step.number("pos >", signed(place));
                let end = place.saturating_add(AT_ONCE);
                if !by_index && !query.is_everything() && end < head {
                    step.number("pos <=", signed(end));
                    step.end = Some(end);
                }
            }
            Order::NewestFirst => {
                let place = place.unwrap_or(u64::MAX).min(head.saturating_add(1));
                step.number("pos <", signed(place));
                let end = place.saturating_sub(AT_ONCE);
                if !by_index && !query.is_everything() && end > 1 {
                    step.number("pos >=", signed(end));
                    step.end = Some(end);
                }
            }
        }
        step.narrow(query, by_index);
        step.conditions.push_str(match order {
            Order::OldestFirst => " ORDER BY pos LIMIT ",
            Order::NewestFirst => " ORDER BY pos DESC LIMIT ",
        });
        step.parameter(Parameter::Number(crate::number::limit(most)));
        step
    }

    pub fn found(&self, events: Vec<Archived>, most: usize) -> EventPage {
        let next = if events.len() < most { self.end } else { events.last().map(|last| last.pos) };
        EventPage { events, next }
    }

    fn narrow(&mut self, query: &EventQuery, by_index: bool) {
        let EventQuery { stream, subject, actor, kind, from, to } = query;
        if by_index {
            // Spelled out, because that is what the indexes are made for.
            self.conditions.push_str(" AND stream = 'CONTROL'");
        }
        if let Some(stream) = stream {
            self.text("stream =", stream.as_str());
        }
        if let Some(subject) = subject {
            self.text("subject =", &subject.to_string());
        }
        if let Some(actor) = actor {
            self.text("actor =", actor);
        }
        if let Some(kind) = kind {
            self.text("kind >=", kind);
            // The last character there is: types are ASCII.
            self.text("kind <", &format!("{kind}\u{10ffff}"));
        }
        if let Some(from) = from {
            self.number("at >=", from.micros());
        }
        if let Some(to) = to {
            self.number("at <", to.micros());
        }
    }

    fn number(&mut self, condition: &str, number: i64) {
        self.condition(condition, Parameter::Number(number));
    }

    fn text(&mut self, condition: &str, text: &str) {
        self.condition(condition, Parameter::Text(text.to_owned()));
    }

    fn condition(&mut self, condition: &str, parameter: Parameter) {
        self.conditions.push_str(if self.conditions.is_empty() { " WHERE " } else { " AND " });
        self.conditions.push_str(condition);
        self.conditions.push(' ');
        self.parameter(parameter);
    }

    fn parameter(&mut self, parameter: Parameter) {
        self.parameters.push(parameter);
        self.conditions.push('$');
        self.conditions.push_str(&self.parameters.len().to_string());
    }
}

impl EventQuery {
    /// Only the control plane's events have an actor and are an aggregate's.
    fn is_controls(&self) -> bool {
        self.stream == Some(StreamName::Control) || self.subject.is_some() || self.actor.is_some()
    }

    const fn is_everything(&self) -> bool {
        let Self { stream, subject, actor, kind, from, to } = self;
        stream.is_none()
            && subject.is_none()
            && actor.is_none()
            && kind.is_none()
            && from.is_none()
            && to.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_index_finds_is_looked_for_in_a_part_at_a_time() {
        let kind = EventQuery { kind: Some("uplion.request.".into()), ..EventQuery::default() };
        let head = 3 * AT_ONCE + 5;
        let mut place = None;
        let mut steps = Vec::new();
        loop {
            let step = QueryStep::new(&kind, Order::OldestFirst, place, 10, head);
            place = step.found(Vec::new(), 10).next;
            steps.push(place);
            if place.is_none() {
                break;
            }
        }
        assert_eq!(steps, [Some(AT_ONCE), Some(2 * AT_ONCE), Some(3 * AT_ONCE), None]);
        let mut place = None;
        for _ in 0..3 {
            let step = QueryStep::new(&kind, Order::NewestFirst, place, 10, head);
            place = step.found(Vec::new(), 10).next;
        }
        assert_eq!(place, Some(6));
        let step = QueryStep::new(&kind, Order::NewestFirst, place, 10, head);
        assert_eq!(step.found(Vec::new(), 10).next, None);
    }

    #[test]
    fn what_an_index_finds_is_looked_for_everywhere() {
        let by = EventQuery { actor: Some("admin".into()), ..EventQuery::default() };
        let step = QueryStep::new(&by, Order::OldestFirst, None, 10, 3 * AT_ONCE);
        assert_eq!(step.found(Vec::new(), 10).next, None);
        assert!(step.conditions.contains("stream = 'CONTROL'"), "{}", step.conditions);
    }
}
