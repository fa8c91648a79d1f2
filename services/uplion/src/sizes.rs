//! How large TRAFFIC has to be: requests a second, times the bytes of a request's events, times the hours that they
//! are kept. And sizes as people write and read them.

/// The three events of a request, as `bench/soak --rate 60` measures them: 2,062, and less where more of them share a
/// message. A message of the stream holds the events of many requests, so that it cannot be measured from the stream alone.
pub const BYTES_PER_REQUEST: u64 = 2_100;
/// An archived event stays on its stream for so long.
pub const KEPT_HOURS: u64 = 24;
/// Gateways stop admitting when a stream is so full.
const USABLE_PERCENT: u64 = 90;

/// What the stream must be allowed to hold for `rate` requests a second over `hours`.
pub const fn needed(rate: u64, bytes_per_request: u64, hours: u64) -> u64 {
    let kept = rate.saturating_mul(bytes_per_request).saturating_mul(hours.saturating_mul(3_600));
    kept.saturating_mul(100) / USABLE_PERCENT
}

/// Requests a second that `max_bytes` are enough for.
pub const fn enough_for(max_bytes: u64, bytes_per_request: u64, hours: u64) -> u64 {
    match max_bytes.checked_div(needed(1, bytes_per_request, hours)) {
        Some(rate) => rate,
        None => 0,
    }
}

const UNITS: [(&str, u64); 14] = [
    ("B", 1),
    ("k", 1_000),
    ("kB", 1_000),
    ("M", 1_000_000),
    ("MB", 1_000_000),
    ("G", 1_000_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("Ki", 1 << 10),
    ("KiB", 1 << 10),
    ("Mi", 1 << 20),
    ("MiB", 1 << 20),
    ("Gi", 1 << 30),
    ("GiB", 1 << 30),
];

/// `8GiB`, `500 MB`, `2Gi`, or bytes without a unit.
pub fn bytes(text: &str) -> Result<u64, &'static str> {
    const UNCLEAR: &str = "a size from 1 is like 8GiB, 500MB or 1073741824";
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit.trim() {
        "" => Some(1),
        unit => {
            UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, bytes)| *bytes)
        }
    };
    let number = number.parse::<u64>().ok();
    let bytes = number.zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes > 0).ok_or(UNCLEAR)
}

/// `1.5 GiB`
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let (mut whole, mut tenths) = (bytes, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    if unit == 0 { format!("{whole} B") } else { format!("{whole}.{tenths} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_enough_for_a_rate_is_what_that_rate_needs() {
        let needed = needed(100, 2_000, 24);
        assert_eq!(needed, 100 * 2_000 * 24 * 3_600 * 100 / 90);
        assert_eq!(enough_for(needed, 2_000, 24), 100);
    }

    #[test]
    fn sizes_are_written_by_people() {
        for (text, read) in [
            ("1", 1),
            ("500MB", 500_000_000),
            ("500 mb", 500_000_000),
            ("8GiB", 8 << 30),
            ("2Gi", 2 << 30),
            ("64 MiB", 64 << 20),
        ] {
            assert_eq!(bytes(text), Ok(read), "{text}");
        }
        for unclear in ["", "0", "-1", "1.5GB", "GB", "8 gigabytes", "99999999999TB", "1e9"] {
            assert!(bytes(unclear).is_err(), "{unclear}");
        }
    }

    #[test]
    fn sizes_are_read_by_people() {
        let read = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_536, "1.5 KiB"),
            (8 << 30, "8.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ];
        for (bytes, text) in read {
            assert_eq!(human(bytes), text);
        }
    }
}
