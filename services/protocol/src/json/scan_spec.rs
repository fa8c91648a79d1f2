//! The scanner against `serde_json`, which knows the grammar.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn skips(bytes: &[u8]) -> Result<(), Malformed> {
    Scanner::document(bytes, Scanner::skip)
}

#[test]
fn what_is_no_json_is_named_with_its_place() {
    let why = |bytes: &[u8]| skips(bytes).unwrap_err().to_string();
    assert_eq!(why(b""), "no value where one belongs at byte 0");
    assert_eq!(why(b"{\"a\":}"), "no value where one belongs at byte 5");
    assert_eq!(why(b"{\"a\" 1}"), "no colon after a key at byte 5");
    assert_eq!(why(b"{\"a\":1,}"), "no string where one belongs at byte 7");
    assert_eq!(why(b"[1 2]"), "neither a comma nor the end of the list at byte 3");
    assert_eq!(why(b"{} {}"), "something after the end of the document at byte 3");
    assert_eq!(why(b"\"a"), "the end of the document within a string at byte 2");
    assert_eq!(why(b"\"a\nb\""), "a control character in a string at byte 2");
    assert_eq!(why(b"\"\xff\""), "a byte that is not UTF-8 at byte 1");
    assert_eq!(why(b"\"\\ud800\""), "an unknown escape at byte 7");
    assert_eq!(why(b"\"\\ud800\\u0041\""), "half a surrogate pair at byte 13");
    assert_eq!(why(b"nul"), "an unknown word at byte 0");
    assert_eq!(why(b"01"), "something after the end of the document at byte 1");
}

#[test]
fn hostile_nesting_ends_in_an_error_not_on_the_stack() {
    for open in ["[", "{\"a\":"] {
        assert_eq!(
            skips(open.repeat(1_000_000).as_bytes()).unwrap_err().why,
            "a value nested too deep"
        );
    }
    let deepest = format!("{}{}", "[".repeat(127), "]".repeat(127));
    assert_eq!(skips(deepest.as_bytes()), Ok(()));
    assert!(serde_json::from_str::<IgnoredAny>(&deepest).is_ok());
}

#[test]
fn whole_numbers_are_read_however_they_are_written() {
    assert_eq!(
        ["3", "3.0", "3e0", "-1", "300e-2"].map(integer),
        [Some(3), Some(3), Some(3), Some(-1), Some(3)]
    );
    assert_eq!(["3.5", "1e400", "99999999999999999999", "1e300"].map(integer), [None; 4]);
}

#[test]
fn an_answer_may_be_what_the_usual_libraries_read() {
    let passes = |bytes: &[u8]| Scanner::answer(bytes, Scanner::skip).is_ok();
    for text in [
        r#""\ud83d""#,
        r#""\udd80\ud83e""#,
        "[NaN, Infinity, -Infinity]",
        "\u{feff}{}",
        r#"{"a\ud83d":1}"#,
    ] {
        assert!(passes(text.as_bytes()), "{text}");
        assert!(skips(text.as_bytes()).is_err(), "{text} is no request");
    }
    for text in ["Nan", "[Inf]", "\"\\ud8\"", "{\"a\":1,}", "'a'", ""] {
        assert!(!passes(text.as_bytes()), "{text}");
    }
}

#[test]
fn half_a_surrogate_pair_is_no_character_and_the_rest_is_read() {
    let read = |text: &str| {
        let read = |scan: &mut Scanner<'_>| Ok(scan.string()?.decode().into_owned());
        Scanner::answer::<_, Malformed>(text.as_bytes(), read).unwrap()
    };
    assert_eq!(read(r#""a\ud83d\n\"\u00e9\\""#), "a\u{fffd}\n\"é\\");
    assert_eq!(read(r#""\ud83e\udd80\ud83e""#), "🦀\u{fffd}");
    assert_eq!(read(r#""\udd80x""#), "\u{fffd}x");
}

#[test]
fn a_document_may_have_something_behind_it_where_only_the_first_is_asked() {
    let first = |text: &str| Scanner::first_of_answer(text.as_bytes(), Scanner::skip).is_ok();
    assert!(first("{\"error\":1}\n\ndata: [DONE]\n\n"));
    assert!(!first("{\"error\":1"));
}

/// Text made of the grammar's own pieces: far more of it is JSON, or nearly, than of random text.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\":",
        "0",
        "-",
        "1",
        ".",
        "e",
        "+",
        "true",
        "null",
        " ",
        "\n",
        "\\",
        "\\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud83d",
        "é",
        "\u{1}",
        "01234567",
        "{}",
        "[1]",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_scanner_takes_what_a_strict_parser_takes(text in nearly_json()) {
        // As a Value every string is decoded, so that half surrogates count; IgnoredAny takes any number.
        let strict = serde_json::from_str::<serde_json::Value>(&text);
        match skips(text.as_bytes()) {
            Ok(()) => prop_assert!(strict.is_ok() || strict.unwrap_err().to_string().contains("out of range")),
            Err(_) => prop_assert!(strict.is_err()),
        }
    }

    #[test]
    fn a_string_is_read_as_it_was_written(text in any::<String>(), pad in 0..9usize) {
        let json = format!("{}{}", " ".repeat(pad), serde_json::to_string(&text).unwrap());
        let read = Scanner::document::<_, Malformed>(json.as_bytes(), |scan| Ok(scan.string()?.decode()));
        prop_assert_eq!(read.unwrap(), text);
    }

    #[test]
    fn a_plain_run_ends_where_the_first_special_byte_stands(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let one_by_one = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        prop_assert_eq!(plain(&bytes), one_by_one.unwrap_or(bytes.len()));
    }
}
