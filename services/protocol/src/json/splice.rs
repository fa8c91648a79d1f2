//! A body with some of its bytes replaced, and all others as they were.

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};

use super::scan::{Malformed, Scanner};

/// Bytes of a body, and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub at: Range<usize>,
    pub with: Cow<'static, str>,
}

impl Edit {
    pub(crate) fn replace(at: Range<usize>, with: impl Into<Cow<'static, str>>) -> Self {
        Self { at, with: with.into() }
    }

    pub(crate) fn insert(at: usize, with: impl Into<Cow<'static, str>>) -> Self {
        Self { at: at..at, with: with.into() }
    }
}

/// The body with all edits made, be they in any order; none if they are not within it, or overlap.
pub(crate) fn apply(body: &Bytes, mut edits: Vec<&Edit>) -> Option<Bytes> {
    if edits.is_empty() {
        return Some(body.clone());
    }
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let added: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut spliced = BytesMut::with_capacity(body.len() + added);
    let mut copied = 0;
    for Edit { at, with } in edits {
        spliced.extend_from_slice(body.get(copied..at.start)?);
        spliced.extend_from_slice(with.as_bytes());
        copied = body.get(at.clone()).map(|_| at.end)?;
    }
    spliced.extend_from_slice(body.get(copied..)?);
    Some(spliced.freeze())
}

/// The body, an object, without the member that has the name; none if there is none.
pub(crate) fn without_member(body: &Bytes, name: &str) -> Option<Bytes> {
    let mut members: Vec<Range<usize>> = Vec::new();
    let mut place = None;
    let scanned = Scanner::document(body, |scan| {
        scan.object(|scan, key| {
            if key.decode() == name {
                place = Some(members.len());
            }
            let start = key.quoted().as_ptr() as usize - body.as_ptr() as usize;
            scan.skip()?;
            members.push(start..scan.at());
            Ok::<_, Malformed>(())
        })
    });
    scanned.ok()?;
    let place = place?;
    let Range { start, end } = members[place].clone();
    // With the comma before it, or after it if it is the first.
    let cut = match (place.checked_sub(1), members.get(place + 1)) {
        (Some(before), _) => members[before].end..end,
        (None, Some(next)) => start..next.start,
        (None, None) => start..end,
    };
    apply(body, vec![&Edit::replace(cut, "")])
}

#[cfg(test)]
mod spec {
    use super::*;

    fn applied(edits: &[Edit]) -> Option<Bytes> {
        apply(&Bytes::from_static(b"0123456789"), edits.iter().collect())
    }

    #[test]
    fn edits_are_made_in_the_order_of_their_places() {
        let edits = [Edit::replace(7..9, "x"), Edit::insert(3, "y"), Edit::replace(1..3, "")];
        assert_eq!(applied(&edits).unwrap(), "0y3456x9");
    }

    #[test]
    fn a_member_goes_with_its_comma() {
        let without =
            |body: &'static str| without_member(&Bytes::from_static(body.as_bytes()), "x");
        assert_eq!(without(r#"{"a":1, "x" : {"b":[1]} ,"c":2}"#).unwrap(), r#"{"a":1 ,"c":2}"#);
        assert_eq!(without(r#"{ "x":null , "c":2}"#).unwrap(), r#"{ "c":2}"#);
        assert_eq!(without(r#"{"a":"x", "\u0078":1}"#).unwrap(), r#"{"a":"x"}"#);
        assert_eq!(without(r#"{ "x":1 }"#).unwrap(), "{  }");
        assert_eq!(without(r#"{"a":{"x":1}}"#), None);
    }

    #[test]
    fn edits_that_do_not_fit_the_body_are_refused() {
        #[expect(clippy::reversed_empty_ranges, reason = "as somebody may have forged it")]
        for at in [5..11, 11..12, 3..2, usize::MAX..usize::MAX] {
            assert_eq!(applied(&[Edit::replace(at, "x")]), None);
        }
        assert_eq!(applied(&[Edit::replace(2..6, "x"), Edit::replace(5..7, "y")]), None);
    }
}
