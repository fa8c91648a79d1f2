//! Why a command could not be carried out, in one sentence that says what to do, and as an exit code.

use std::{error::Error, io, process::ExitCode};

use uplion_control_client::root_cause;

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
    NoEndpoint(String),
    /// Nothing says who asks, or what says it is not taken.
    NotSignedIn(String),
    Unreachable {
        what: &'static str,
        url: String,
        source: reqwest::Error,
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
    Local(String),
    /// The same, and what brought it about.
    Caused {
        what: String,
        source: Box<dyn Error + Send + Sync>,
    },
    /// What was asked was answered: something is wrong with the installation.
    Unhealthy,
    /// Nobody reads our output any more: `uplion events --follow | head`.
    BrokenPipe,
}

impl Failure {
    pub fn caused(
        what: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Caused { what: what.into(), source: source.into() }
    }

    /// None if it was printed already.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::NoEndpoint(text)
            | Self::NotSignedIn(text)
            | Self::Missing(text)
            | Self::Local(text) => Some(text.clone()),
            Self::Caused { what, source } => {
                Some(format!("{what}: {}", root_cause(source.as_ref())))
            }
            Self::Unreachable { what, url, source } => Some(format!(
                "{what} at {url} cannot be reached ({}): is it running? `uplion doctor` says more",
                root_cause(source)
            )),
            Self::Refused { detail, .. } => Some(detail.clone()),
            Self::Unhealthy | Self::BrokenPipe => None,
        }
    }

    /// The API says that something is not there, and not always what: one of these (its kind and its name).
    pub fn naming(self, names: &[(String, String)]) -> Self {
        match self {
            Self::Refused { status: 404, code, detail }
                if !names.iter().any(|(_, name)| detail.contains(name.as_str())) =>
            {
                let names: Vec<String> =
                    names.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
                let detail = format!("{detail}: {}", names.join(", "));
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
            Self::NoEndpoint(_) | Self::Local(_) | Self::Caused { .. } | Self::Unhealthy => {
                ExitCode::FAILURE
            }
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
            Self::BrokenPipe => ExitCode::SUCCESS,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::caused("the terminal or a file cannot be used", error),
        }
    }
}
