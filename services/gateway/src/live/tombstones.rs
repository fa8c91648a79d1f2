//! Requests that ended a moment ago: their workers repeat a question whose answer got lost.

use std::collections::{HashMap, VecDeque};

use uplion_domain::RequestId;

use super::request::EndedClaim;

/// At ten thousand requests a second, those of the last second and a half; mostly those of the last minutes.
const MOST: usize = 16_384;

#[derive(Debug, Default)]
pub struct Tombstones {
    by_request: HashMap<RequestId, EndedClaim>,
    order: VecDeque<RequestId>,
}

impl Tombstones {
    pub fn add(&mut self, request: RequestId, ended: EndedClaim) {
        if self.order.len() == MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_request.remove(&oldest);
        }
        self.by_request.insert(request, ended);
        self.order.push_back(request);
    }

    pub fn get(&self, request: RequestId) -> Option<EndedClaim> {
        self.by_request.get(&request).copied()
    }
}

#[cfg(test)]
mod tests {
    use uplion_domain::{ClaimId, WorkerId};
    use uuid::Uuid;

    use super::*;
    use crate::live::request::LastReply;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut tombstones = Tombstones::default();
        let id = |number: usize| Uuid::from_u128(number as u128);
        for number in 0..=MOST {
            let (claim, worker) = (ClaimId::new(id(number)), WorkerId::new(id(number)));
            let ended = EndedClaim { claim, worker, last_reply: LastReply::Settled };
            tombstones.add(RequestId::new(id(number)), ended);
        }
        assert_eq!(tombstones.get(RequestId::new(id(0))), None);
        assert!(tombstones.get(RequestId::new(id(1))).is_some());
        assert_eq!(tombstones.by_request.len(), MOST);
    }
}
