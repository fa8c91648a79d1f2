//! What callers say in headers, read once for all operations.

use uplion_domain::Timestamp;

use crate::{
    caller::Caller, idempotency::IdempotencyKey, position::Position, problem::Problem,
    write::WriteContext,
};

/// Longer keys are somebody's mistake.
const MAX_IDEMPOTENCY_KEY: usize = 255;

impl WriteContext {
    /// `command` is all that tells this command from others: the operation, its target and its body.
    pub fn new(
        caller: Caller,
        if_match: Option<&str>,
        idempotency_key: Option<String>,
        command: &str,
    ) -> Result<Self, Problem> {
        let if_match = if_match.map(version).transpose()?.flatten();
        let idempotency = match idempotency_key {
            None => None,
            Some(key) if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) => {
                Some(IdempotencyKey::new(&key, command))
            }
            Some(_) => {
                let text = format!("an Idempotency-Key has 1 to {MAX_IDEMPOTENCY_KEY} characters");
                return Err(Problem::malformed(text));
            }
        };
        Ok(Self { caller, if_match, idempotency })
    }
}

/// `"3"`, as an answer's `ETag` said it. `*` asks for nothing.
fn version(text: &str) -> Result<Option<u64>, Problem> {
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    bare.parse().map(Some).map_err(|_| {
        Problem::malformed(format!(
            "If-Match is a version as the ETag said it, like \"3\", not {text}"
        ))
    })
}

/// The position that a reader names, in the header or as `at`.
pub fn position(header: Option<&str>, at: Option<&str>) -> Result<Option<Position>, Problem> {
    let read = |text: &str| text.parse().map_err(|error| Problem::malformed(format!("{error}")));
    // Both are read, so that a mistake in one is not hidden by the other.
    let (header, at) = (header.map(read).transpose()?, at.map(read).transpose()?);
    Ok(at.or(header))
}

/// A time that a reader names, RFC 3339.
pub fn time(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| text.parse().map_err(|error| Problem::malformed(format!("{error}"))))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_the_etag_wrote_it() {
        assert_eq!(version("\"3\"").unwrap(), Some(3));
        assert_eq!(version("3").unwrap(), Some(3));
        assert_eq!(version("*").unwrap(), None);
        assert!(version("W/\"3\"").is_err());
    }
}
