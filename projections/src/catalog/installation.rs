//! The installation, as everybody who admits requests has to know it.

use uplion_domain::{
    InstallationId,
    installation::{self, Currency, Zone},
};

#[derive(Debug, Clone)]
pub struct Installation {
    pub id: InstallationId,
    pub currency: Currency,
    /// Decimals that amounts are shown with at least.
    pub minor_digits: u8,
    pub zone: Zone,
}

impl Installation {
    /// A time zone that this version does not know yet is taken for UTC.
    pub(super) fn founded(id: InstallationId, event: &installation::Event) -> Self {
        match event {
            installation::Event::Founded { currency, minor_digits, time_zone, at: _ } => Self {
                id,
                currency: *currency,
                minor_digits: *minor_digits,
                zone: time_zone.zone().unwrap_or_default(),
            },
        }
    }
}
