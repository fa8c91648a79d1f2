//! Where a write stands on CONTROL: what a reader names to see that write.

use std::{fmt, str::FromStr};

/// `control:<epoch>:<sequence>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub epoch: u32,
    pub sequence: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a position: it is written control:<epoch>:<sequence>")]
pub struct UnknownPosition(pub String);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_as_itself_and_nothing_else_is_one() {
        let position = Position { epoch: 2, sequence: 71 };
        assert_eq!(position.to_string(), "control:2:71");
        assert_eq!("control:2:71".parse(), Ok(position));
        for wrong in ["", "71", "control:2", "control:2:-1", "traffic:2:71", "control:2:71:1"] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }
}
