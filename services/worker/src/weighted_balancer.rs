//! Whose turn it is among the upstreams of a model: those that have room take turns by their weights.
//!
//! Each upstream's puller takes tickets for all of them; without this the quickest to ask would get them all. All
//! together ask for no more tickets than they have slots, so that there is room for each somewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The upstreams of one model at this worker.
#[derive(Debug)]
pub struct WeightedBalancer<U> {
    members: Mutex<Vec<Member<U>>>,
}

#[derive(Debug)]
struct Member<U> {
    upstream: Arc<U>,
    slots: Arc<Semaphore>,
    /// Slots that its puller holds while it waits for tickets.
    held: Vec<OwnedSemaphorePermit>,
    weight: i64,
    /// How far it is behind what its weight calls for.
    deficit: i64,
}

/// One upstream's part. Who leaves gets no more turns.
#[derive(Debug)]
pub struct Membership<U> {
    balancer: Arc<WeightedBalancer<U>>,
    upstream: Arc<U>,
}

impl<U> Default for WeightedBalancer<U> {
    fn default() -> Self {
        Self { members: Mutex::new(Vec::new()) }
    }
}

impl<U> WeightedBalancer<U> {
    pub fn join(
        self: &Arc<Self>,
        upstream: &Arc<U>,
        slots: &Arc<Semaphore>,
        weight: u32,
    ) -> Membership<U> {
        let (member, slots) = (Arc::clone(upstream), Arc::clone(slots));
        let (held, weight) = (Vec::new(), i64::from(weight));
        self.members().push(Member { upstream: member, slots, held, weight, deficit: 0 });
        Membership { balancer: Arc::clone(self), upstream: Arc::clone(upstream) }
    }

    /// Whose turn it is among those that `may`, with a slot there. None if none of them has room.
    pub fn pick(&self, may: impl Fn(&U) -> bool) -> Option<(Arc<U>, OwnedSemaphorePermit)> {
        let mut members = self.members();
        let mut all = 0;
        let mut with_room: Vec<&mut Member<U>> = Vec::with_capacity(members.len());
        for member in members.iter_mut() {
            if member.has_room() && may(&member.upstream) {
                member.deficit += member.weight;
                all += member.weight;
                with_room.push(member);
            }
        }
        with_room.sort_by_key(|member| std::cmp::Reverse(member.deficit));
        for member in with_room {
            // A slot that was free a moment ago may be held by its puller by now.
            if let Some(slot) = member.slot() {
                member.deficit -= all;
                return Some((Arc::clone(&member.upstream), slot));
            }
        }
        None
    }

    /// Whether there is one that `may`, with room or without.
    pub fn has(&self, may: impl Fn(&U) -> bool) -> bool {
        self.members().iter().any(|member| may(&member.upstream))
    }

    /// What there is to tell of each.
    pub fn each<T>(&self, tell: impl Fn(&U) -> T) -> Vec<T> {
        self.members().iter().map(|member| tell(&member.upstream)).collect()
    }

    fn members(&self) -> MutexGuard<'_, Vec<Member<U>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<U> Membership<U> {
    /// Slots for tickets that are asked for. Until they are withdrawn the others may use them.
    pub fn hold(&self, slots: Vec<OwnedSemaphorePermit>) {
        if let Some(mine) = self.find(&mut self.balancer.members()) {
            mine.held = slots;
        }
    }

    pub fn withdraw(&self) {
        self.hold(Vec::new());
    }

    pub const fn balancer(&self) -> &Arc<WeightedBalancer<U>> {
        &self.balancer
    }

    fn find<'a>(&self, members: &'a mut [Member<U>]) -> Option<&'a mut Member<U>> {
        members.iter_mut().find(|member| Arc::ptr_eq(&member.upstream, &self.upstream))
    }
}

impl<U> Member<U> {
    fn has_room(&self) -> bool {
        !self.held.is_empty() || self.slots.available_permits() > 0
    }

    fn slot(&mut self) -> Option<OwnedSemaphorePermit> {
        self.held.pop().or_else(|| Arc::clone(&self.slots).try_acquire_owned().ok())
    }
}

impl<U> Drop for Membership<U> {
    fn drop(&mut self) {
        self.balancer.members().retain(|member| !Arc::ptr_eq(&member.upstream, &self.upstream));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct BalancerOfThree {
        slots: [Arc<Semaphore>; 3],
        members: Vec<Membership<&'static str>>,
    }

    /// Weights 4, 2 and 1, and a hundred slots each.
    fn balancer_of_three() -> BalancerOfThree {
        let balancer = Arc::new(WeightedBalancer::default());
        let slots = [(); 3].map(|()| Arc::new(Semaphore::new(100)));
        let all = ["a", "b", "c"].into_iter().zip(&slots).zip([4, 2, 1]);
        let members = all
            .map(|((name, slots), weight)| balancer.join(&Arc::new(name), slots, weight))
            .collect();
        BalancerOfThree { slots, members }
    }

    impl BalancerOfThree {
        /// Who gets these tickets, that the puller of `own` took; each is done before the next.
        fn picks(&self, puller: usize, tickets: usize) -> String {
            let pick = |_| {
                self.members[puller]
                    .balancer()
                    .pick(|_| true)
                    .map_or("-", |(chosen, _slot)| *chosen)
            };
            (0..tickets).map(pick).collect()
        }

        /// All slots of one of them are held by its puller, which waits for tickets.
        fn hold_all_slots(&self, which: usize) {
            let slots = Arc::clone(&self.slots[which]);
            let all = std::iter::from_fn(|| Arc::clone(&slots).try_acquire_owned().ok());
            self.members[which].hold(all.collect());
        }
    }

    fn counts(picks: &str) -> [usize; 3] {
        ["a", "b", "c"].map(|of| picks.matches(of).count())
    }

    #[test]
    fn who_has_room_takes_turns_by_weight_whoever_took_the_tickets() {
        for puller in 0..3 {
            assert_eq!(counts(&balancer_of_three().picks(puller, 70)), [40, 20, 10]);
        }
    }

    #[test]
    fn turns_are_spread_and_not_in_rows() {
        assert!(!balancer_of_three().picks(0, 70).contains("aaaa"));
    }

    #[test]
    fn who_waits_for_tickets_has_room() {
        let three = balancer_of_three();
        (0..3).for_each(|which| three.hold_all_slots(which));
        assert_eq!(counts(&three.picks(2, 70)), [40, 20, 10]);
        (0..3).for_each(|which| three.members[which].withdraw());
        assert!(three.slots.iter().all(|slots| slots.available_permits() == 100));
    }

    #[test]
    fn who_has_no_room_is_passed_over_and_the_others_keep_their_ratio() {
        let three = balancer_of_three();
        let _taken = Arc::clone(&three.slots[0]).try_acquire_many_owned(100).unwrap();
        assert_eq!(counts(&three.picks(1, 30)), [0, 20, 10]);
    }

    #[test]
    fn who_may_not_is_passed_over() {
        let three = balancer_of_three();
        let balancer = three.members[0].balancer();
        assert_ne!(*balancer.pick(|other| *other != "a").unwrap().0, "a");
        assert!(balancer.pick(|other| *other == "d").is_none());
        assert!(balancer.has(|other| *other == "b") && !balancer.has(|other| *other == "d"));
    }

    #[test]
    fn without_room_anywhere_nobody_takes_it() {
        let three = balancer_of_three();
        let _taken = three
            .slots
            .each_ref()
            .map(|slots| Arc::clone(slots).try_acquire_many_owned(100).unwrap());
        assert_eq!(three.picks(0, 1), "-");
    }

    #[test]
    fn who_left_gets_no_more_turns() {
        let mut three = balancer_of_three();
        three.members.drain(..2);
        assert_eq!(three.picks(0, 5), "ccccc");
    }
}
