//! Usage by days and by people, which the API tells apart by hours and by keys.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{By, Line};
use crate::cli::{client::Client, failure::Failure, zone::zone};

pub async fn merged(client: &Client, by: &[By], lines: Vec<Line>) -> Result<Vec<Line>, Failure> {
    let here = if by.contains(&By::Day) { zone(client).await? } else { TimeZone::UTC };
    let owners = if by.contains(&By::User) { owners(client).await? } else { BTreeMap::new() };
    let mut groups: BTreeMap<Vec<String>, Line> = BTreeMap::new();
    for mut line in lines {
        line.day = line.hour.as_deref().and_then(|hour| day(hour, &here));
        line.user = line.key.as_ref().and_then(|key| owners.get(key)).cloned();
        leave_out(&mut line, by);
        let group = by.iter().map(|by| line.group(*by)).collect();
        match groups.get_mut(&group) {
            Some(sum) => sum.add(&line),
            None => drop(groups.insert(group, line)),
        }
    }
    Ok(groups.into_values().collect())
}

/// What the API told apart and nobody asked for.
fn leave_out(line: &mut Line, by: &[By]) {
    if !by.contains(&By::Hour) {
        line.hour = None;
    }
    if !by.contains(&By::Key) {
        (line.key, line.key_name) = (None, None);
    }
    if !by.contains(&By::Day) {
        line.day = None;
    }
    if !by.contains(&By::User) {
        line.user = None;
    }
}

fn day(hour: &str, zone: &TimeZone) -> Option<String> {
    let at: Timestamp = hour.parse().ok()?;
    Some(at.to_zoned(zone.clone()).date().to_string())
}

/// Whose each key is: the e-mail address where that is told, else the id.
async fn owners(client: &Client) -> Result<BTreeMap<String, String>, Failure> {
    let text = |value: &Value, field: &str| value[field].as_str().map(ToOwned::to_owned);
    let people: BTreeMap<String, String> = match client.list(&["users"], &[]).await {
        Ok(users) => users
            .iter()
            .filter_map(|user| Some((text(user, "id")?, text(user, "email")?)))
            .collect(),
        Err(Failure::Refused { status: 403, .. }) => BTreeMap::new(),
        Err(failure) => return Err(failure),
    };
    let keys = client.list(&["keys"], &[]).await?;
    let owner = |key: &Value| {
        let owner = text(key, "owner")?;
        Some((text(key, "id")?, people.get(&owner).cloned().unwrap_or(owner)))
    };
    Ok(keys.iter().filter_map(owner).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_where_the_installation_is() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(day("2026-11-23T23:00:00Z", &berlin).as_deref(), Some("2026-11-24"));
        assert_eq!(day("2026-11-23T23:00:00Z", &TimeZone::UTC).as_deref(), Some("2026-11-23"));
    }

    #[test]
    fn what_was_not_asked_for_tells_nothing_apart() {
        let line = Line {
            key: Some("key_1".into()),
            hour: Some("2026-11-23T23:00:00Z".into()),
            day: Some("2026-11-23".into()),
            user: Some("ada@example.org".into()),
            ..Line::default()
        };
        let mut by_day = line.clone();
        leave_out(&mut by_day, &[By::Day]);
        assert_eq!((by_day.key, by_day.hour, by_day.user), (None, None, None));
        let mut by_key = line;
        leave_out(&mut by_key, &[By::Key, By::User]);
        assert!(by_key.key.is_some() && by_key.user.is_some() && by_key.day.is_none());
    }
}
