//! Why a command could not be carried out, in one sentence that says what to do, and as an exit code.

use std::{io, process::ExitCode};

/// What programs may rely on, as `uplion --help` says it.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by a rule, or failed
  2  not a command
  3  the installation cannot be reached, or cannot do it just now: try again
  4  not signed in, or not permitted
  5  taken by another, or changed since it was read
  6  there is no such thing";

/// What a command spoke of in its body is not there: the API refuses the body then, not the path.
const NAMES_NOTHING: [&str; 2] = ["unknown_user", "unknown_model"];

#[derive(Debug)]
pub enum Failure {
    /// Nothing says where the installation is.
    Unknown(String),
    /// Nothing says who asks, or what says it is not taken.
    NotSignedIn(String),
    Unreachable {
        what: &'static str,
        url: String,
        why: String,
    },
    /// The API said no; in its own words.
    Refused {
        status: u16,
        code: String,
        detail: String,
    },
    /// What was named is not there.
    Missing(String),
    /// Something of this side.
    Here(String),
    /// What was asked was answered: something is wrong with the installation.
    Unwell,
    /// Nobody reads our output any more: `uplion events --follow | head`.
    NobodyReads,
}

impl Failure {
    /// None if all was said already.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Self::Unknown(text)
            | Self::NotSignedIn(text)
            | Self::Missing(text)
            | Self::Here(text) => Some(text.clone()),
            Self::Unreachable { what, url, why } => Some(format!(
                "{what} at {url} cannot be reached ({why}): is it running? `uplion doctor` says more"
            )),
            Self::Refused { detail, .. } => Some(detail.clone()),
            Self::Unwell | Self::NobodyReads => None,
        }
    }

    /// The API says that something is not there, and not always what: one of these (its kind and its name).
    pub fn naming(self, meant: &[(String, String)]) -> Self {
        match self {
            Self::Refused { status: 404, code, detail }
                if !meant.iter().any(|(_, name)| detail.contains(name.as_str())) =>
            {
                let meant: Vec<String> =
                    meant.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
                let detail = format!("{detail}: {}", meant.join(", "));
                Self::Refused {
                    status: 404,
                    code,
                    detail: detail.trim_end_matches(": ").to_owned(),
                }
            }
            other => other,
        }
    }

    pub fn code(&self) -> ExitCode {
        match self {
            Self::Unknown(_) | Self::Here(_) | Self::Unwell => ExitCode::FAILURE,
            Self::Unreachable { .. } => ExitCode::from(3),
            Self::NotSignedIn(_) => ExitCode::from(4),
            Self::Missing(_) => ExitCode::from(6),
            Self::Refused { code, .. } if NAMES_NOTHING.contains(&code.as_str()) => {
                ExitCode::from(6)
            }
            Self::Refused { status, .. } => match status {
                429 | 502..=504 => ExitCode::from(3),
                401 | 403 => ExitCode::from(4),
                409 | 412 => ExitCode::from(5),
                404 => ExitCode::from(6),
                _ => ExitCode::FAILURE,
            },
            Self::NobodyReads => ExitCode::SUCCESS,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Here(error.to_string()),
        }
    }
}
