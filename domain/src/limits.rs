//! Limits: how fast requests may come, and how many at once.
//!
//! A value that projects and keys carry; what is not said is not limited.

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub requests_per_minute: Option<u32>,
    pub tokens_per_minute: Option<u64>,
    /// Served at the same time.
    pub parallel_requests: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("a limit of 0 would serve nothing: suspend or disable instead")]
    NothingAllowed,
    #[error("a limit on tokens is at most {MAX_TOKENS} a minute")]
    TooMany,
}

/// A trillion: above it nothing is limited, and it is exact in any JSON reader.
pub const MAX_TOKENS: u64 = 1_000_000_000_000;

impl Limits {
    pub const NONE: Self =
        Self { requests_per_minute: None, tokens_per_minute: None, parallel_requests: None };

    pub fn check(&self) -> Result<(), Rejection> {
        let Self { requests_per_minute, tokens_per_minute, parallel_requests } = *self;
        if requests_per_minute == Some(0)
            || tokens_per_minute == Some(0)
            || parallel_requests == Some(0)
        {
            return Err(Rejection::NothingAllowed);
        }
        if tokens_per_minute.is_some_and(|tokens| tokens > MAX_TOKENS) {
            return Err(Rejection::TooMany);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_lets_something_through() {
        assert_eq!(Limits::NONE.check(), Ok(()));
        let one = Limits {
            requests_per_minute: Some(1),
            tokens_per_minute: Some(1),
            parallel_requests: Some(1),
        };
        assert_eq!(one.check(), Ok(()));
        for limits in [
            Limits { requests_per_minute: Some(0), ..one },
            Limits { tokens_per_minute: Some(0), ..one },
            Limits { parallel_requests: Some(0), ..one },
        ] {
            assert_eq!(limits.check(), Err(Rejection::NothingAllowed));
        }
    }

    #[test]
    fn a_limit_that_no_reader_could_hold_is_none() {
        let tokens = |tokens| Limits { tokens_per_minute: Some(tokens), ..Limits::NONE };
        assert_eq!(tokens(MAX_TOKENS).check(), Ok(()));
        assert_eq!(tokens(MAX_TOKENS + 1).check(), Err(Rejection::TooMany));
    }
}
