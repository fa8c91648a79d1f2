//! The archive's last events, as they were when they were written: who keeps up need not read them back.

use std::{collections::VecDeque, sync::Arc};

use uplion_domain::wire::Encoded;

/// Events that are held: what comes between two looks of a projection, several times over.
const MOST_EVENTS: usize = 10_000;
/// Bytes of their payloads.
const MOST_BYTES: usize = 16 << 20;

/// An event and its position.
type Placed = (u64, Arc<Encoded>);

/// The effective events behind `after`, up to and including `to`.
#[derive(Debug, Default)]
pub struct Fresh {
    after: u64,
    to: u64,
    events: VecDeque<Placed>,
    bytes: usize,
}

impl Fresh {
    /// What was archived at once: all positions behind `after`, up to and including `to`.
    pub fn add(&mut self, after: u64, to: u64, events: impl Iterator<Item = (u64, Encoded)>) {
        if to <= self.to {
            return;
        }
        if after != self.to {
            // Something between was archived that was not told here, or is told later.
            *self = Self { after, ..Self::default() };
        }
        self.to = to;
        for (pos, event) in events {
            self.bytes += event.payload.len();
            self.events.push_back((pos, Arc::new(event)));
        }
        while self.events.len() > MOST_EVENTS || self.bytes > MOST_BYTES {
            let Some((pos, event)) = self.events.pop_front() else { break };
            self.after = pos;
            self.bytes -= event.payload.len();
        }
    }

    /// The events behind `after`, at most so many, and up to where they are all there are; none if they are not here.
    pub fn after(&self, after: u64, most: usize) -> Option<(u64, Vec<Placed>)> {
        if !(self.after..self.to).contains(&after) {
            return None;
        }
        let from = self.events.partition_point(|(pos, _)| *pos <= after);
        let events: Vec<_> = self.events.range(from..).take(most).cloned().collect();
        let cut = events.len() < self.events.len() - from;
        let last = events.last().map(|(pos, _)| *pos).filter(|_| cut);
        Some((last.unwrap_or(self.to), events))
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{EventId, Timestamp};

    use super::*;

    fn event(pos: u64) -> (u64, Encoded) {
        let id = EventId::known(format!("evt_{pos}"));
        let at = Timestamp::from_micros(0);
        let (kind, payload) = ("k".into(), Vec::new());
        let (traceparent, actor, request_id) = (None, None, None);
        (pos, Encoded { id, kind, at, traceparent, actor, request_id, payload })
    }

    fn add(fresh: &mut Fresh, after: u64, to: u64) {
        fresh.add(after, to, (after + 1..=to).map(event));
    }

    fn positions(fresh: &Fresh, after: u64, most: usize) -> Option<(u64, Vec<u64>)> {
        let (to, events) = fresh.after(after, most)?;
        Some((to, events.iter().map(|(pos, _)| *pos).collect()))
    }

    #[test]
    fn what_was_added_is_there_up_to_its_end() {
        let mut fresh = Fresh::default();
        add(&mut fresh, 10, 12);
        add(&mut fresh, 12, 14);
        assert_eq!(positions(&fresh, 10, 9), Some((14, vec![11, 12, 13, 14])));
        assert_eq!(positions(&fresh, 11, 2), Some((13, vec![12, 13])));
        assert_eq!(positions(&fresh, 13, 1), Some((14, vec![14])));
        assert_eq!(positions(&fresh, 14, 9), None);
        assert_eq!(positions(&fresh, 9, 9), None);
    }

    #[test]
    fn positions_that_do_not_count_are_passed_over() {
        let mut fresh = Fresh::default();
        fresh.add(0, 4, [event(1), event(3)].into_iter());
        assert_eq!(positions(&fresh, 0, 9), Some((4, vec![1, 3])));
        assert_eq!(positions(&fresh, 3, 9), Some((4, vec![])));
        assert_eq!(positions(&fresh, 0, 1), Some((1, vec![1])));
    }

    #[test]
    fn a_hole_is_not_bridged() {
        let mut fresh = Fresh::default();
        add(&mut fresh, 0, 2);
        add(&mut fresh, 5, 6);
        assert_eq!(positions(&fresh, 1, 9), None);
        assert_eq!(positions(&fresh, 5, 9), Some((6, vec![6])));
        add(&mut fresh, 2, 5);
        assert_eq!(positions(&fresh, 2, 9), None, "told too late");
        assert_eq!(positions(&fresh, 5, 9), Some((6, vec![6])));
    }

    #[test]
    fn only_so_much_is_held() {
        let mut fresh = Fresh::default();
        let most = MOST_EVENTS as u64;
        add(&mut fresh, 0, most + 5);
        assert_eq!(fresh.events.len(), MOST_EVENTS);
        assert_eq!(positions(&fresh, 4, 1), None);
        assert_eq!(positions(&fresh, 5, 1), Some((6, vec![6])));
    }
}
