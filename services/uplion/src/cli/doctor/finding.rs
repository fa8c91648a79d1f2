//! What was found, how bad it is, and what to do.

use serde_json::{Value, json};

use crate::cli::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Ok,
    /// Somebody should look at it some time.
    Warning,
    Critical,
}

#[derive(Debug)]
pub struct Finding {
    pub severity: Severity,
    pub about: &'static str,
    pub what: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Finding {
    pub const fn good(about: &'static str, what: String) -> Self {
        Self { severity: Severity::Ok, about, what, advice: None }
    }

    pub fn bad(about: &'static str, failure: &Failure, advice: Option<String>) -> Self {
        let what = failure.message().unwrap_or_default();
        Self { severity: Severity::Critical, about, what, advice }
    }

    pub fn lines(&self) -> String {
        let Self { severity, about, what, advice } = self;
        let line = format!("{:<5}  {about:<10}  {what}", severity.as_str());
        match advice {
            Some(advice) => format!("{line}\n{:<5}  {:<10}  -> {advice}", "", ""),
            None => line,
        }
    }

    pub fn json(&self) -> Value {
        let Self { severity, about, what, advice } = self;
        json!({ "verdict": severity.as_str(), "about": about, "what": what, "advice": advice })
    }
}

impl Severity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "watch",
            Self::Critical => "bad",
        }
    }
}
