//! How a value stands in a line for people: nothing that a terminal would obey, ids by their ends, times of the day here.

use uplion_domain::name::is_printable;

/// Of an id's digits: those that differ most from the next one's.
const DIGITS_SHOWN: usize = 8;

/// What cannot be seen, as its number.
pub fn printable(text: &str) -> String {
    if text.chars().all(is_printable) {
        return text.to_owned();
    }
    let shown = |character: char| {
        if is_printable(character) {
            character.to_string()
        } else {
            format!("\\u{{{:x}}}", u32::from(character))
        }
    };
    text.chars().map(shown).collect()
}

/// The same of a text with lines.
pub fn printable_lines(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(printable).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Short, where a word is an id or a time.
pub fn shortened(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['(', ')', ',']);
        let short = short_id(bare).or_else(|| local_time(bare));
        short.map_or_else(|| word.to_owned(), |short| word.replace(bare, &short))
    };
    printable(text).split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `key_…48b93409`, or without its kind.
pub fn is_id(text: &str) -> bool {
    let Some((kind, digits)) = text.split_once('…') else { return false };
    let of_kind = kind.is_empty() || kind.strip_suffix('_').is_some_and(|kind| kind.len() <= 5);
    of_kind && digits.len() == DIGITS_SHOWN && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `2026-11-26 20:14`, or the shorter forms of it.
pub fn is_time(text: &str) -> bool {
    let is = |form: &str| {
        let digit_or_same = |(form, byte): (u8, u8)| {
            if form == b'0' { byte.is_ascii_digit() } else { form == byte }
        };
        form.len() == text.len() && form.bytes().zip(text.bytes()).all(digit_or_same)
    };
    ["0000-00-00 00:00", "00-00 00:00", "0000-00-00"].into_iter().any(is)
}

/// `physics (prj_…48b93409)`: `physics`.
pub fn without_id(text: &str) -> Option<String> {
    let (name, id) = text.strip_suffix(')')?.rsplit_once(" (")?;
    is_id(id).then(|| name.to_owned())
}

/// Without the kind, which the head of its column tells.
pub fn bare_id(text: &str) -> Option<String> {
    let (_, digits) = text.split_once('…').filter(|_| is_id(text))?;
    Some(format!("…{digits}"))
}

/// The year goes without saying if it is this one; otherwise the time of the day does.
pub fn short_time(text: &str, year: i16) -> Option<String> {
    let (day, _) = text.split_once(' ').filter(|_| is_time(text) && text.len() == 16)?;
    let this_year = format!("{year:04}-");
    Some(text.strip_prefix(&this_year).unwrap_or(day).to_owned())
}

fn short_id(text: &str) -> Option<String> {
    let (prefix, digits) = text.split_once('_')?;
    let hexadecimal =
        matches!(digits.len(), 16 | 32) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = hexadecimal && (2..=5).contains(&prefix.len());
    known.then(|| format!("{prefix}_…{}", &digits[digits.len() - DIGITS_SHOWN..]))
}

/// In the time zone of whoever looks.
fn local_time(text: &str) -> Option<String> {
    let looks_like_one = text.len() >= 20 && text.as_bytes()[4] == b'-' && text.ends_with('Z');
    let at: jiff::Timestamp = text.parse().ok().filter(|_| looks_like_one)?;
    Some(at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_short_and_whatever_else_stays() {
        let id = "prj_01a216daa0a176ddbbe26c2448b93409";
        assert_eq!(shortened(&format!("physics ({id})")), "physics (prj_…48b93409)");
        let time = shortened("2026-11-23T08:33:20.123456Z");
        assert_eq!((time.len(), &time[..8]), (16, "2026-11-"));
        for same in ["physics", "prj_7", "2026-11-23", "a_b", "1.50", ""] {
            assert_eq!(shortened(same), same);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_number() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c\u{200b}"), "a\\u{1b}[31mb\\u{9b}c\\u{200b}");
        assert_eq!(printable_lines("a\tb\nc\r\n"), "a\tb\nc\\u{d}\n");
    }
}
