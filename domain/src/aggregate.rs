//! What every aggregate is: a state, and two pure functions over it.

/// The state is the implementing type; [`Default`] is the state before any event.
pub trait Aggregate: Default {
    type Command;
    type Event;
    type Rejection;

    /// What happens if `command` is carried out now, or the rule that forbids it.
    ///
    /// Asking for what is already so is no rejection: nothing happens, `Ok([])`.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after `event`. Events are facts, so this cannot fail.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;

    /// The state that a history leads to.
    #[must_use]
    fn replay<'a>(history: impl IntoIterator<Item = &'a Self::Event>) -> Self
    where
        Self::Event: 'a,
    {
        history.into_iter().fold(Self::default(), Self::evolve)
    }
}
