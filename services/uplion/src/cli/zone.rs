//! The time zone of an installation.

use jiff::tz::TimeZone;

use super::{client::Client, failure::Failure};

/// What the installation was founded with; UTC if it does not say.
pub async fn zone(client: &Client) -> Result<TimeZone, Failure> {
    let installation = client.get(&["installation"], &[]).await?;
    let name = installation["time_zone"].as_str().unwrap_or("UTC");
    TimeZone::get(name)
        .map_err(|error| Failure::caused(format!("time zone {name} is not known here"), error))
}
