//! The clock of the process: the only one that is asked, and given to whatever needs the time.

use uplion_domain::Timestamp;

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}
