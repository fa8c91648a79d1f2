//! Given these events, when this command, then those events: how the rules of an aggregate are told.

use std::fmt::Debug;

use crate::aggregate::Aggregate;

#[must_use]
pub fn given<A: Aggregate>(history: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given(history.into_iter().fold(A::default(), |state, event| state.evolve(&event)))
}

pub struct Given<A>(A);

pub struct When<A: Aggregate>(Result<Vec<A::Event>, A::Rejection>);

impl<A: Aggregate> Given<A> {
    #[must_use]
    pub fn when(self, command: A::Command) -> When<A> {
        When(self.0.decide(command))
    }
}

impl<A: Aggregate> When<A>
where
    A::Event: Debug + PartialEq,
    A::Rejection: Debug + PartialEq,
{
    #[track_caller]
    pub fn then(self, events: impl Into<Vec<A::Event>>) {
        assert_eq!(self.0, Ok(events.into()));
    }

    #[track_caller]
    pub fn then_nothing(self) {
        self.then([]);
    }

    #[track_caller]
    pub fn then_rejected(self, rejection: A::Rejection) {
        assert_eq!(self.0, Err(rejection));
    }
}
