//! A project: a tenant of the installation. Keys belong to it, usage is billed to it.
//!
//! It has a name that no other open project has. Once closed it stays closed, and none of its keys is served.

use crate::{Aggregate, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Create { name: String, at: Timestamp },
    Rename { name: String, at: Timestamp },
    Close { at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Created { name: String, at: Timestamp },
    Renamed { name: String, at: Timestamp },
    Closed { at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the project exists already")]
    AlreadyCreated,
    #[error("there is no such project")]
    NotCreated,
    #[error("the project is closed")]
    Closed,
    #[error("a project's name has 1 to {MAX_NAME} characters and no control characters")]
    UnusableName,
}

/// Characters.
pub const MAX_NAME: usize = 128;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Project {
    #[default]
    Absent,
    Open {
        name: String,
    },
    Closed,
}

impl Aggregate for Project {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (_, Command::Create { name, .. } | Command::Rename { name, .. }) if !usable(&name) => {
                Err(Rejection::UnusableName)
            }
            (Self::Absent, Command::Create { name, at }) => Ok(vec![Event::Created { name, at }]),
            (Self::Open { .. } | Self::Closed, Command::Create { .. }) => {
                Err(Rejection::AlreadyCreated)
            }

            (Self::Open { name: now }, Command::Rename { name, .. }) if *now == name => Ok(vec![]),
            (Self::Open { .. }, Command::Rename { name, at }) => {
                Ok(vec![Event::Renamed { name, at }])
            }
            (Self::Closed, Command::Rename { .. }) => Err(Rejection::Closed),

            (Self::Open { .. }, Command::Close { at }) => Ok(vec![Event::Closed { at }]),
            (Self::Closed, Command::Close { .. }) => Ok(vec![]),

            (Self::Absent, Command::Rename { .. } | Command::Close { .. }) => {
                Err(Rejection::NotCreated)
            }
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Created { name, .. } | Event::Renamed { name, .. } => {
                Self::Open { name: name.clone() }
            }
            Event::Closed { .. } => Self::Closed,
        }
    }
}

fn usable(name: &str) -> bool {
    !name.trim().is_empty()
        && name.chars().count() <= MAX_NAME
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);

    #[test]
    fn a_project_is_created_once() {
        given::<Project>([]).when(create("physics")).then([created("physics")]);
        given::<Project>([created("physics")])
            .when(create("physics"))
            .then_rejected(Rejection::AlreadyCreated);
    }

    #[test]
    fn a_name_is_something_that_a_person_can_read() {
        for name in ["", " ", "a\nb", &"x".repeat(MAX_NAME + 1)] {
            given::<Project>([]).when(create(name)).then_rejected(Rejection::UnusableName);
        }
    }

    #[test]
    fn renaming_to_the_same_name_is_nothing() {
        let rename = |name: &str| Command::Rename { name: name.into(), at: AT };
        given::<Project>([created("a")]).when(rename("a")).then_nothing();
        given::<Project>([created("a")])
            .when(rename("b"))
            .then([Event::Renamed { name: "b".into(), at: AT }]);
    }

    #[test]
    fn a_closed_project_stays_closed() {
        let closed = Event::Closed { at: AT };
        let history = [created("a"), closed.clone()];
        given::<Project>([created("a")]).when(Command::Close { at: AT }).then([closed]);
        given::<Project>(history.clone()).when(Command::Close { at: AT }).then_nothing();
        given::<Project>(history.clone())
            .when(Command::Rename { name: "b".into(), at: AT })
            .then_rejected(Rejection::Closed);
        given::<Project>(history).when(create("a")).then_rejected(Rejection::AlreadyCreated);
    }

    #[test]
    fn what_was_never_created_cannot_change() {
        given::<Project>([]).when(Command::Close { at: AT }).then_rejected(Rejection::NotCreated);
    }

    fn create(name: &str) -> Command {
        Command::Create { name: name.into(), at: AT }
    }

    fn created(name: &str) -> Event {
        Event::Created { name: name.into(), at: AT }
    }
}
