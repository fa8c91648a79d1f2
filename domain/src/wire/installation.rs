//! The event of an installation, as it is written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, shape, text::Text};
use crate::{
    Event, InstallationId, Timestamp,
    installation::{self, Currency, Event::Founded, ZoneName},
};

const FOUNDED: &str = "uplion.installation.founded.v1";

pub const READERS: Readers = &[(FOUNDED, founded)];

#[derive(Serialize, Deserialize)]
struct FoundedV1 {
    installation: Text<InstallationId>,
    /// ISO 4217.
    currency: Text<Currency>,
    minor_digits: u8,
    /// IANA.
    time_zone: Text<ZoneName>,
}

pub fn encode(id: InstallationId, event: &installation::Event) -> (&'static str, Vec<u8>) {
    match event {
        Founded { currency, minor_digits, time_zone, at: _ } => {
            let founded = FoundedV1 {
                installation: Text(id),
                currency: Text(*currency),
                minor_digits: *minor_digits,
                time_zone: Text(time_zone.clone()),
            };
            (FOUNDED, json(&founded))
        }
    }
}

fn founded(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let FoundedV1 { installation, currency, minor_digits, time_zone } = shape(payload)?;
    let (currency, time_zone) = (currency.0, time_zone.0);
    let founded = Founded { currency, minor_digits, time_zone, at };
    Ok(Event::Installation(installation.0, founded))
}
