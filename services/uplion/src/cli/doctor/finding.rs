//! What was found, how bad it is, and what to do.

use serde_json::{Value, json};

use crate::cli::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Ok,
    /// Somebody should look at it some time.
    Warning,
    Critical,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stays the same from version to version, for programs: `stream.full`.
    pub id: &'static str,
    pub severity: Severity,
    /// Which stream, projection, worker, model …
    pub name: Option<String>,
    pub what: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Finding {
    pub fn good(id: &'static str, what: impl Into<String>) -> Self {
        Self { id, severity: Severity::Ok, name: None, what: what.into(), advice: None }
    }

    pub fn watch(id: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(Severity::Warning, id, what, advice)
    }

    pub fn bad(id: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(Severity::Critical, id, what, advice)
    }

    fn of(
        severity: Severity,
        id: &'static str,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { id, severity, name: None, what: what.into(), advice: Some(advice.into()) }
    }

    pub fn failed(id: &'static str, failure: &Failure, advice: impl Into<String>) -> Self {
        Self::bad(id, failure.message().unwrap_or_default(), advice)
    }

    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// What it is about: the first part of its id.
    pub fn about(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(about, _)| about)
    }

    pub fn json(&self) -> Value {
        let Self { id, severity, name, what, advice } = self;
        json!({
            "id": id,
            "verdict": severity.as_str(),
            "about": self.about(),
            "name": name,
            "what": what,
            "advice": advice,
        })
    }
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "watch",
            Self::Critical => "bad",
        }
    }
}
