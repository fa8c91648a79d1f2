//! What may be known of a person: rules for what lies beside the log, where no aggregate sees it.

use uplion_domain::name::{self, Most};
use uplion_log_store::people::Identity;

use crate::problem::Problem;

/// Bytes: no longer address can be delivered to.
const LONGEST_EMAIL: usize = 254;
/// Characters.
const LONGEST_NAME: usize = 200;
/// Bytes: `OpenID` Connect's own bound for a subject.
const LONGEST_SUBJECT: usize = 255;
const LONGEST_ISSUER: usize = 1_024;

/// Something before and after the last `@`, and no spaces: who sends to it finds out the rest.
pub fn email(text: &str) -> Result<String, Problem> {
    let text = name::normal(text);
    let sides = text.rsplit_once('@');
    let whole = sides.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let plain =
        text.chars().all(|character| !character.is_whitespace() && name::is_printable(character));
    if !whole || !plain || text.len() > LONGEST_EMAIL {
        return Err(Problem::unacceptable(
            "unusable_email",
            format!(
                "email: an address like ada@example.org, of at most {LONGEST_EMAIL} bytes, is expected, not {text:?}"
            ),
        ));
    }
    Ok(text)
}

pub fn name(text: &str) -> Result<String, Problem> {
    name::given(text, Most::Characters(LONGEST_NAME)).map_err(|unusable| {
        Problem::unacceptable("unusable_name", format!("a person's name {unusable}"))
    })
}

pub fn identity(issuer: &str, subject: &str) -> Result<Identity, Problem> {
    let secure = issuer.starts_with("https://") && issuer.len() <= LONGEST_ISSUER;
    let readable = |text: &str| !text.chars().any(char::is_control);
    let whole = (1..=LONGEST_SUBJECT).contains(&subject.len());
    if !secure || !whole || !readable(issuer) || !readable(subject) {
        return Err(Problem::unacceptable(
            "unusable_identity",
            format!("an issuer is an https address, a subject has 1 to {LONGEST_SUBJECT} bytes"),
        ));
    }
    Ok(Identity { issuer: issuer.to_owned(), subject: subject.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides_and_no_spaces() {
        for usable in ["ada@example.org", " ada@localhost ", "\"a@b\"@example.org", "ä@ü.de"] {
            assert_eq!(email(usable).unwrap(), usable.trim());
        }
        let long = format!("{}@example.org", "a".repeat(LONGEST_EMAIL));
        for unusable in
            ["", "ada", "@example.org", "ada@", "a b@example.org", "a\n@b", "a\u{200b}@b", &long]
        {
            assert!(email(unusable).is_err(), "{unusable:?}");
        }
    }

    #[test]
    fn a_name_is_something_that_a_person_can_read() {
        assert_eq!(name(" Ada Lovelace ").unwrap(), "Ada Lovelace");
        for unusable in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(name(unusable).is_err(), "{unusable:?}");
        }
    }

    #[test]
    fn a_provider_is_reached_securely() {
        assert!(identity("https://id.example.org", "248289761001").is_ok());
        assert!(identity("http://id.example.org", "248289761001").is_err());
        assert!(identity("https://id.example.org", "").is_err());
        assert!(identity("https://id.example.org", "a\0b").is_err());
    }
}
