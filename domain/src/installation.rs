//! An installation: one log, one currency, one time zone.
//!
//! Founded once, by control at its first start, and never changed: every amount and every hour of usage on its log
//! means what it meant when it was written.

mod currency;
mod zone;

use crate::{Aggregate, Timestamp};

pub use self::{
    currency::{Currency, MAX_MINOR_DIGITS, UnknownCurrency},
    zone::{UnknownZone, UnusableZoneName, Zone, ZoneName},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Found { currency: Currency, minor_digits: u8, time_zone: ZoneName, at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Founded {
        currency: Currency,
        /// Decimals that amounts of the currency are shown with at least.
        minor_digits: u8,
        time_zone: ZoneName,
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the installation is founded, and neither its currency nor its time zone ever changes")]
    AlreadyFounded,
    #[error("a currency has at most {MAX_MINOR_DIGITS} decimals")]
    TooManyMinorDigits,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Installation {
    #[default]
    Unfounded,
    Founded(Terms),
}

/// What is the same for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub currency: Currency,
    pub minor_digits: u8,
    pub time_zone: ZoneName,
}

impl Aggregate for Installation {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Unfounded, Command::Found { minor_digits, .. })
                if minor_digits > MAX_MINOR_DIGITS =>
            {
                Err(Rejection::TooManyMinorDigits)
            }
            (Self::Unfounded, Command::Found { currency, minor_digits, time_zone, at }) => {
                Ok(vec![Event::Founded { currency, minor_digits, time_zone, at }])
            }
            (Self::Founded(terms), Command::Found { currency, minor_digits, time_zone, at: _ }) => {
                let same = *terms == Terms { currency, minor_digits, time_zone };
                if same { Ok(vec![]) } else { Err(Rejection::AlreadyFounded) }
            }
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event {
            Event::Founded { currency, minor_digits, time_zone, at: _ } => {
                let (currency, minor_digits) = (*currency, *minor_digits);
                Self::Founded(Terms { currency, minor_digits, time_zone: time_zone.clone() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::given;

    const AT: Timestamp = Timestamp::from_micros(1);

    fn found(currency: &str, minor_digits: u8) -> Command {
        let (currency, time_zone) = (currency.parse().unwrap(), "Europe/Berlin".parse().unwrap());
        Command::Found { currency, minor_digits, time_zone, at: AT }
    }

    fn founded() -> Event {
        let (currency, time_zone) = ("EUR".parse().unwrap(), "Europe/Berlin".parse().unwrap());
        Event::Founded { currency, minor_digits: 2, time_zone, at: AT }
    }

    #[test]
    fn an_installation_is_founded_once() {
        given::<Installation>([]).when(found("EUR", 2)).then([founded()]);
        given::<Installation>([founded()]).when(found("EUR", 2)).then_nothing();
    }

    #[test]
    fn neither_currency_nor_time_zone_ever_changes() {
        given::<Installation>([founded()])
            .when(found("USD", 2))
            .then_rejected(Rejection::AlreadyFounded);
    }

    #[test]
    fn a_currency_has_few_decimals() {
        given::<Installation>([])
            .when(found("EUR", 5))
            .then_rejected(Rejection::TooManyMinorDigits);
    }
}
