//! What was found behind a URL, in words.

use std::{error::Error, fmt};

/// Models that are named in a sentence.
const NAMED: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It lists the model, or any if none was asked for.
    Serves {
        models: Vec<String>,
    },
    /// It answers, and lists no models: some servers do not.
    NoList,
    /// It lists others.
    Unlisted {
        wanted: String,
        similar: Option<String>,
        models: Vec<String>,
    },
    /// It wants a key, which is not known here.
    KeyNeeded,
    KeyRefused {
        status: u16,
    },
    /// What was given leads nowhere, and this URL leads there.
    Elsewhere {
        url: String,
    },
    Redirects {
        to: String,
    },
    /// It answers with something else than a list of models.
    NoApi {
        content_type: String,
    },
    Fails {
        status: u16,
    },
    Unreachable {
        why: String,
    },
}

impl Finding {
    pub(super) fn unreachable(error: &reqwest::Error) -> Self {
        let why = if error.is_timeout() {
            "it does not answer within 2 s".to_owned()
        } else if error.is_builder() {
            "that is no URL".to_owned()
        } else {
            root_cause(error)
        };
        Self::Unreachable { why }
    }

    /// Whether nothing speaks against it.
    pub const fn is_good(&self) -> bool {
        match self {
            Self::Serves { .. } | Self::KeyNeeded | Self::NoList => true,
            Self::Unlisted { .. }
            | Self::KeyRefused { .. }
            | Self::Elsewhere { .. }
            | Self::Redirects { .. }
            | Self::NoApi { .. }
            | Self::Fails { .. }
            | Self::Unreachable { .. } => false,
        }
    }
}

/// What follows on the URL and a colon.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serves { models } => write!(f, "it answers, and lists {}", some_of(models)),
            Self::NoList => f.write_str("it answers, and does not say which models it has"),
            Self::Unlisted { wanted, similar: Some(similar), .. } => {
                write!(f, "it does not list {wanted}; did you mean {similar}?")
            }
            Self::Unlisted { wanted, similar: None, models } => {
                write!(f, "it does not list {wanted}; it lists {}", some_of(models))
            }
            Self::KeyNeeded => f.write_str(
                "it answers, and wants a key: what the workers have could not be tried from here",
            ),
            Self::KeyRefused { status } => write!(f, "it does not take the key ({status})"),
            Self::Elsewhere { url } => write!(f, "it has no API there; did you mean {url}?"),
            Self::Redirects { to } => {
                write!(f, "it sends elsewhere, to {to}: workers do not follow")
            }
            Self::NoApi { content_type } => {
                write!(
                    f,
                    "it answers with no list of models ({content_type}): an upstream is an OpenAI-compatible server, up to and including /v1"
                )
            }
            Self::Fails { status } => write!(f, "it answers {status}"),
            Self::Unreachable { why } => write!(f, "it cannot be reached from here: {why}"),
        }
    }
}

fn some_of(models: &[String]) -> String {
    match models {
        [] => "no model".to_owned(),
        _ if models.len() <= NAMED => models.join(", "),
        _ => format!("{} and {} more", models[..NAMED].join(", "), models.len() - NAMED),
    }
}

/// The system's own words for it.
fn root_cause(error: &dyn Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
