//! Where a write stands on CONTROL: what a reader names to see that write.

use std::{fmt, str::FromStr};

/// `control:<epoch>:<sequence>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub epoch: u32,
    pub sequence: u64,
}

/// What a reader wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenAt {
    /// The write that was answered with this position.
    Position(Position),
    /// Every write before the read, for who was not answered with a position.
    Newest,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a position: it is written control:<epoch>:<sequence>, or newest")]
pub struct UnknownPosition(pub String);

const NEWEST: &str = "newest";

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "control:{}:{}", self.epoch, self.sequence)
    }
}

impl FromStr for Position {
    type Err = UnknownPosition;

    fn from_str(text: &str) -> Result<Self, UnknownPosition> {
        let parse = || {
            let (epoch, sequence) = text.strip_prefix("control:")?.split_once(':')?;
            Some(Self { epoch: epoch.parse().ok()?, sequence: sequence.parse().ok()? })
        };
        parse().ok_or_else(|| UnknownPosition(text.to_owned()))
    }
}

impl fmt::Display for SeenAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => position.fmt(f),
            Self::Newest => f.write_str(NEWEST),
        }
    }
}

impl FromStr for SeenAt {
    type Err = UnknownPosition;

    fn from_str(text: &str) -> Result<Self, UnknownPosition> {
        if text == NEWEST { Ok(Self::Newest) } else { text.parse().map(Self::Position) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_as_itself_and_nothing_else_is_one() {
        let position = Position { epoch: 2, sequence: 71 };
        assert_eq!(position.to_string(), "control:2:71");
        assert_eq!("control:2:71".parse(), Ok(position));
        for wrong in ["", "71", "control:2", "control:2:-1", "traffic:2:71", "control:2:71:1"] {
            assert!(wrong.parse::<SeenAt>().is_err(), "{wrong}");
        }
        for at in [SeenAt::Newest, SeenAt::Position(position)] {
            assert_eq!(at.to_string().parse(), Ok(at));
        }
    }
}
