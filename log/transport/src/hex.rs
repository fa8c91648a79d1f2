//! An id in messages between our own processes: 32 hexadecimal digits, no prefix.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uplion_domain::id::{Id, Kind};
use uuid::Uuid;

const DIGITS: usize = 32;

/// An id of some kind: the field that holds it says of which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex(Uuid);

impl<K: Kind> From<Id<K>> for Hex {
    fn from(id: Id<K>) -> Self {
        Self(id.uuid())
    }
}

impl<K: Kind> From<Hex> for Id<K> {
    fn from(Hex(uuid): Hex) -> Self {
        Self::new(uuid)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.simple().encode_lower(&mut [0; DIGITS]))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl de::Visitor<'_> for Digits {
            type Value = Hex;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{DIGITS} hexadecimal digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hex, E> {
                let uuid = Some(text).filter(|text| text.len() == DIGITS);
                let uuid = uuid.and_then(|text| Uuid::try_parse(text).ok());
                uuid.map(Hex).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Digits)
    }
}
