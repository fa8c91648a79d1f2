//! A place in the archive that means the same after the archive was filled anew from its streams.

use std::{fmt, str::FromStr};

use uplion_log_transport::stream::StreamName;

/// An event by where it came from. Outside of the archive it is an opaque text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventCursor {
    pub stream: StreamName,
    pub epoch: u32,
    /// Of its message.
    pub sequence: u64,
    /// Among the events of its message.
    pub index: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place in the log: use it as it was given")]
pub struct UnknownCursor(pub String);

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, epoch, sequence, index } = *self;
        write!(f, "e1{}{epoch:x}z{sequence:x}z{index:x}", letter(stream))
    }
}

impl FromStr for EventCursor {
    type Err = UnknownCursor;

    fn from_str(text: &str) -> Result<Self, UnknownCursor> {
        let cursor = parse(text);
        // One place has one text.
        cursor
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| UnknownCursor(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<EventCursor> {
    let rest = text.strip_prefix("e1")?;
    let stream = StreamName::archived().find(|stream| rest.starts_with(letter(*stream)))?;
    let mut numbers = rest.get(1..)?.split('z');
    let epoch = u32::from_str_radix(numbers.next()?, 16).ok()?;
    let sequence = u64::from_str_radix(numbers.next()?, 16).ok()?;
    let index = u32::from_str_radix(numbers.next()?, 16).ok()?;
    Some(EventCursor { stream, epoch, sequence, index })
}

const fn letter(stream: StreamName) -> char {
    match stream {
        StreamName::Traffic => 't',
        StreamName::Control => 'k',
        StreamName::Workers => 'w',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_itself_and_as_nothing_else() {
        for stream in StreamName::ALL {
            for (epoch, sequence, index) in [(0, 0, 0), (2, 300, 7), (u32::MAX, u64::MAX, u32::MAX)]
            {
                let cursor = EventCursor { stream, epoch, sequence, index };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
        for text in ["", "e1", "17", "e1t1z2", "e1t1z2z3z4", "e1t01z2z3", "e1x1z2z3", "e1ü1z2z3"] {
            assert!(text.parse::<EventCursor>().is_err(), "{text}");
        }
    }
}
