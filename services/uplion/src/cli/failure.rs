//! Why a command could not be carried out, in one sentence that says what to do, and as an exit code.

use std::{io, process::ExitCode};

#[derive(Debug)]
pub enum Failure {
    /// Nothing says where the installation is, or what to show it.
    Unknown(String),
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
    /// Something of this side.
    Here(String),
    /// What was asked was answered: something is wrong with the installation.
    Unwell,
    /// Nobody reads our output any more: `uplion log tail | head`.
    NobodyReads,
}

impl Failure {
    /// None if all was said already.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Self::Unknown(text) | Self::Here(text) => Some(text.clone()),
            Self::Unreachable { what, url, why } => Some(format!(
                "{what} at {url} cannot be reached ({why}): is it running? `uplion doctor` says more"
            )),
            Self::Refused { status: 401, .. } => Some(
                "the key is not valid here: give --admin-key or UPLION_ADMIN_KEY (for `chat`, --api-key or UPLION_API_KEY)"
                    .to_owned(),
            ),
            Self::Refused { detail, .. } => Some(detail.clone()),
            Self::Unwell | Self::NobodyReads => None,
        }
    }

    pub fn code(&self) -> ExitCode {
        match self {
            Self::Unknown(_) | Self::Refused { .. } | Self::Here(_) | Self::Unwell => {
                ExitCode::FAILURE
            }
            Self::Unreachable { .. } => ExitCode::from(3),
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
