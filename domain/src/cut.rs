//! Up to here: how far each stream had come, as one opaque text.
//!
//! Whatever order the archive gave to events of different streams, a cut means the same: after a database was
//! restored and the streams were read in again, too.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The last event of each stream that is included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Cut {
    pub traffic: Mark,
    pub control: Mark,
    /// None: whatever it has come to.
    pub workers: Option<Mark>,
}

/// A place in one stream. A later epoch is after every place of the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    pub epoch: u32,
    /// 0: nothing of it.
    pub sequence: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a position: use it as it was given")]
pub struct UnknownCut(pub String);

const VERSION: u8 = 1;

impl Cut {
    /// Whether everything up to `other` is included in this one.
    pub fn includes(&self, other: &Self) -> bool {
        let workers = match (self.workers, other.workers) {
            (Some(here), Some(there)) => here >= there,
            (None, Some(there)) => there == Mark::default(),
            (Some(_) | None, None) => true,
        };
        self.traffic >= other.traffic && self.control >= other.control && workers
    }

    fn marks(&self) -> impl Iterator<Item = Mark> {
        [self.traffic, self.control].into_iter().chain(self.workers)
    }
}

/// Base64url of a version and, for each stream, epoch and sequence in as few bytes as they take.
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION];
        for mark in self.marks() {
            write(&mut bytes, mark.epoch.into());
            write(&mut bytes, mark.sequence);
        }
        f.pad(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cut {
    type Err = UnknownCut;

    fn from_str(text: &str) -> Result<Self, UnknownCut> {
        let cut = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| read_cut(&bytes));
        // One cut has one text: they are compared as texts, too.
        cut.filter(|cut| cut.to_string() == text).ok_or_else(|| UnknownCut(text.to_owned()))
    }
}

fn read_cut(bytes: &[u8]) -> Option<Cut> {
    let (version, mut rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut marks = Vec::with_capacity(3);
    while !rest.is_empty() {
        let epoch = u32::try_from(read(&mut rest)?).ok()?;
        marks.push(Mark { epoch, sequence: read(&mut rest)? });
    }
    match marks[..] {
        [traffic, control] => Some(Cut { traffic, control, workers: None }),
        [traffic, control, workers] => Some(Cut { traffic, control, workers: Some(workers) }),
        _ => None,
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).expect("seven bits fit") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits fit"));
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark(epoch: u32, sequence: u64) -> Mark {
        Mark { epoch, sequence }
    }

    #[test]
    fn a_cut_is_written_as_it_always_was() {
        let cut = Cut { traffic: mark(1, 1_000_000), control: mark(2, 300), workers: None };
        assert_eq!(cut.to_string(), "AQHAhD0CrAI");
        let cut = Cut { workers: Some(mark(1, 7)), ..cut };
        assert_eq!(cut.to_string(), "AQHAhD0CrAIBBw");
        assert_eq!("AQHAhD0CrAIBBw".parse(), Ok(cut));
    }

    #[test]
    fn a_cut_includes_what_is_before_it_in_every_stream() {
        let cut = Cut { traffic: mark(1, 10), control: mark(2, 3), workers: None };
        assert!(cut.includes(&cut) && cut.includes(&Cut::default()));
        assert!(cut.includes(&Cut { control: mark(1, 99), ..cut }));
        assert!(!cut.includes(&Cut { traffic: mark(1, 11), ..cut }));
        assert!(!cut.includes(&Cut { workers: Some(mark(1, 1)), ..cut }));
    }

    #[test]
    fn what_is_no_cut_is_refused() {
        for text in ["", "1", "AQ", "AQA", "AgAAAAA", "AQHAhD0CrAI=", "AYAAAAAA", "%"] {
            assert!(text.parse::<Cut>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_reads_back_as_itself(marks: [(u32, u64); 3], workers: bool) {
            let [traffic, control, of_workers] = marks.map(|(epoch, sequence)| mark(epoch, sequence));
            let cut = Cut { traffic, control, workers: workers.then_some(of_workers) };
            prop_assert_eq!(cut.to_string().parse(), Ok(cut));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(bytes: Vec<u8>, text: String) {
            for text in [URL_SAFE_NO_PAD.encode(bytes), text] {
                if let Ok(cut) = text.parse::<Cut>() {
                    prop_assert_eq!(cut.to_string(), text);
                }
            }
        }
    }
}
