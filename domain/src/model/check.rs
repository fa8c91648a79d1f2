//! The check model: every worker answers for it by itself, so that a request can be sent through a whole installation
//! before a model is registered, and while none of the registered ones works.
//!
//! Its name is reserved. It is free, in no list of models, and in no usage; its requests are shown like any others.

use super::ModelName;

/// What a request for it names.
pub const CHECK: &str = "uplion-check";

impl ModelName {
    pub fn check() -> Self {
        CHECK.parse().expect("it is written as names are")
    }

    pub fn is_check(&self) -> bool {
        self.as_str() == CHECK
    }
}
