//! What was this installation founded as?
//!
//! Read wherever money or hours are shown. One row.

use uplion_domain::{
    Event, InstallationId, Timestamp,
    installation::{self, Currency, ZoneName},
};

use crate::{
    columns::{Columns, count, text, time},
    projection::{Fold, Recorded, TypedRow},
    statement::Statement,
    table::{Column, Key, Kind, Row, Table, kinds},
};

pub const NAME: &str = "installation";

pub struct Installations;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    pub installation: InstallationId,
    pub currency: Currency,
    /// Decimals that amounts are shown with at least.
    pub minor_digits: u8,
    pub time_zone: ZoneName,
    pub founded_at: Timestamp,
}

const COLUMNS: [Column; 5] = [
    Column::key("installation", Kind::Text),
    // ISO 4217.
    Column::required("currency", Kind::Text),
    Column::required("minor_digits", Kind::BigInt),
    // IANA.
    Column::required("time_zone", Kind::Text),
    Column::required("founded_at", Kind::BigInt),
];
static TABLE: Table = Table { name: NAME, columns: &COLUMNS, indexes: &[] };

/// Answers with the [`Installation`], if it is founded.
pub static ONE: Statement = Statement {
    name: "installation.one",
    sql: "SELECT * FROM {installation} ORDER BY founded_at, installation LIMIT 1",
    parameters: &[],
    names: &[],
    columns: &kinds(&COLUMNS),
};

impl Fold for Installations {
    const NAME: &'static str = NAME;
    const VERSION: u32 = 1;
    const TABLE: &'static Table = &TABLE;
    const READS: &'static [&'static str] = &["installation."];
    type Row = Installation;

    fn key_of(event: &Recorded) -> Option<Key> {
        of_installation(event).map(|(id, _)| vec![text(id)])
    }

    fn fold_row(row: Option<Installation>, event: &Recorded) -> Option<Installation> {
        let (installation, event) = of_installation(event)?;
        match event {
            installation::Event::Founded { currency, minor_digits, time_zone, at } => {
                Some(row.unwrap_or_else(|| Installation {
                    installation,
                    currency: *currency,
                    minor_digits: *minor_digits,
                    time_zone: time_zone.clone(),
                    founded_at: *at,
                }))
            }
        }
    }
}

fn of_installation(event: &Recorded) -> Option<(InstallationId, &installation::Event)> {
    if let Event::Installation(id, event) = &event.envelope.event {
        Some((*id, event))
    } else {
        None
    }
}

impl TypedRow for Installation {
    fn from_columns(columns: &mut Columns) -> Self {
        Self {
            installation: columns.parsed(),
            currency: columns.parsed(),
            minor_digits: u8::try_from(columns.count()).unwrap_or(u8::MAX),
            time_zone: columns.parsed(),
            founded_at: columns.time(),
        }
    }

    fn into_row(self) -> Row {
        vec![
            text(self.installation),
            text(self.currency),
            count(self.minor_digits.into()),
            text(self.time_zone),
            time(self.founded_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::request_timeline::{START, control, rows};

    #[test]
    fn an_installation_is_what_it_was_founded_as() {
        let founded = |currency: &str| {
            let (currency, time_zone) =
                (currency.parse().unwrap(), "Europe/Berlin".parse().unwrap());
            let at = START;
            installation::Event::Founded { currency, minor_digits: 2, time_zone, at }
        };
        let id = InstallationId::new(Uuid::from_u128(1));
        let events = ["EUR", "USD"].map(|code| control(Event::Installation(id, founded(code))));
        let rows: Vec<Installation> = rows(&Installations, events);
        assert_eq!((rows.len(), rows[0].currency.as_str()), (1, "EUR"));
        assert_eq!((rows[0].time_zone.as_str(), rows[0].founded_at), ("Europe/Berlin", START));
    }
}
