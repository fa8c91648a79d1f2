//! What was found, how bad it is, and what to do.

use serde_json::{Value, json};

use crate::cli::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Somebody should look at it some time.
    Watch,
    Bad,
}

#[derive(Debug)]
pub struct Finding {
    pub verdict: Verdict,
    pub about: &'static str,
    pub what: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Finding {
    pub const fn good(about: &'static str, what: String) -> Self {
        Self { verdict: Verdict::Good, about, what, advice: None }
    }

    pub fn bad(about: &'static str, failure: &Failure, advice: Option<String>) -> Self {
        let what = failure.sentence().unwrap_or_default();
        Self { verdict: Verdict::Bad, about, what, advice }
    }

    pub fn told(&self) -> String {
        let Self { verdict, about, what, advice } = self;
        let line = format!("{:<5}  {about:<10}  {what}", verdict.as_str());
        match advice {
            Some(advice) => format!("{line}\n{:<5}  {:<10}  -> {advice}", "", ""),
            None => line,
        }
    }

    pub fn json(&self) -> Value {
        let Self { verdict, about, what, advice } = self;
        json!({ "verdict": verdict.as_str(), "about": about, "what": what, "advice": advice })
    }
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Watch => "watch",
            Self::Bad => "bad",
        }
    }
}
