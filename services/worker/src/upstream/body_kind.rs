//! What a body is, by its first bytes: servers put answers under all kinds of labels.

/// Longer than any beginning that is not told at once.
const MOST_OPEN: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// One document.
    Json,
    Events,
    /// A page, or words: no answer.
    Other,
}

impl BodyKind {
    /// None: more bytes are needed. `labelled` says that it claims to be events.
    pub fn of(first: &[u8], labelled: bool) -> Option<Self> {
        let bytes = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
        let bytes = bytes.trim_ascii_start();
        let begins_as = |field: &str| {
            let field = field.as_bytes();
            let both = field.len().min(bytes.len());
            (field[..both] == bytes[..both]).then(|| bytes.get(field.len()).copied())
        };
        let is_end = |byte: u8| matches!(byte, b':' | b'\n' | b'\r');
        let fields = ["data", "event", "id", "retry"].into_iter().find_map(begins_as);
        match (bytes.first(), fields) {
            _ if first.len() < 3 && b"\xef\xbb\xbf".starts_with(first) => None,
            (None, _) => (first.len() > MOST_OPEN).then_some(Self::Other),
            (Some(b'{' | b'['), _) => Some(Self::Json),
            (Some(b':'), _) => Some(Self::Events),
            (Some(b'<'), _) => Some(Self::Other),
            (Some(_), Some(None)) => None,
            (Some(_), Some(Some(after))) if is_end(after) => Some(Self::Events),
            (Some(_), _) if labelled => Some(Self::Events),
            (Some(_), _) => Some(Self::Other),
        }
    }
}

#[cfg(test)]
mod spec {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_a_body_is() {
        for (first, kind) in [
            ("{", Some(BodyKind::Json)),
            (" \n[{", Some(BodyKind::Json)),
            ("\u{feff}{}", Some(BodyKind::Json)),
            ("data: {}", Some(BodyKind::Events)),
            ("\u{feff}data:", Some(BodyKind::Events)),
            ("\n\nevent: x", Some(BodyKind::Events)),
            (": hello", Some(BodyKind::Events)),
            ("id\n", Some(BodyKind::Events)),
            ("retry:1", Some(BodyKind::Events)),
            ("dat", None),
            ("", None),
            (" ", None),
            ("database down", Some(BodyKind::Other)),
            ("<html>", Some(BodyKind::Other)),
            ("Internal Server Error", Some(BodyKind::Other)),
        ] {
            assert_eq!(BodyKind::of(first.as_bytes(), false), kind, "{first:?}");
        }
        assert_eq!(BodyKind::of(b"\xef\xbb", false), None);
        assert_eq!(BodyKind::of(b"custom: 1\n", true), Some(BodyKind::Events));
        assert_eq!(BodyKind::of(&[b' '; 2000], true), Some(BodyKind::Other));
    }
}
