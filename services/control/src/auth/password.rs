//! Passwords: which are good enough, and what is kept of them.
//!
//! Each takes 19 MiB and some 20 ms of a processor, on purpose. So a few are hashed at once, apart from the threads
//! that serve, some more wait, and the rest is turned away.

use std::{num::NonZero, sync::Arc};

use argon2::{
    Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc,
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use uplion_log_store::people::PasswordHash;

use crate::{problem::Problem, secret::Secret};

const SHORTEST: usize = 12;
/// Bytes. Nobody types more, and nobody shall make us hash a novel.
const LONGEST: usize = 128;

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Of no password at all. It takes as long to check as any other, so that the time of an answer does not tell which
/// e-mail addresses are known.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBvZiBub2JvZHkncw$bm9ib2R5IGhhcyBhIHBhc3N3b3JkOiBubyBoYXNoISE";

#[derive(Clone)]
pub struct Passwords {
    at_work: Arc<Semaphore>,
    in_line: Arc<Semaphore>,
}

/// Of those that find all hands busy.
const WAITING: usize = 32;

impl Passwords {
    /// Half the processors, and four at most: 76 MiB.
    pub fn for_this_machine() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::new((processors / 2).clamp(1, 4), WAITING)
    }

    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            at_work: Arc::new(Semaphore::new(at_once)),
            in_line: Arc::new(Semaphore::new(at_once + waiting)),
        }
    }

    /// What to keep of a new password.
    pub async fn hash(&self, password: Secret) -> Result<PasswordHash, Problem> {
        acceptable(password.reveal())?;
        self.apart(move || {
            let hash = argon2().hash_password(password.reveal().as_bytes());
            hash.map(|hash| PasswordHash(hash.to_string())).map_err(failed)
        })
        .await?
    }

    /// Whether the password is the one that `known` was made of. Without one it is wrong, after the same time.
    pub async fn is_right(
        &self,
        password: Secret,
        known: Option<PasswordHash>,
    ) -> Result<bool, Problem> {
        if password.reveal().len() > LONGEST {
            return Ok(false);
        }
        let anybodys = known.is_some();
        let hash = known.unwrap_or_else(|| PasswordHash(NOBODYS.to_owned()));
        self.apart(move || {
            let hash = phc::PasswordHash::new(&hash.0).map_err(failed)?;
            let right = argon2().verify_password(password.reveal().as_bytes(), &hash).is_ok();
            Ok(right && anybodys)
        })
        .await?
    }

    /// Off the threads that serve, a few at once.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.in_line).try_acquire_owned();
        let place = place.map_err(|_| {
            Problem::unavailable("busy", "too many sign-ins are being checked: try again")
        })?;
        let turn = Arc::clone(&self.at_work).acquire_owned().await;
        let turn = turn.map_err(failed)?;
        // Whoever hangs up meanwhile does not free the place before the work is done.
        spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        })
        .await
        .map_err(failed)
    }
}

/// What is wrong with a new password, if anything is.
pub fn acceptable(password: &str) -> Result<(), Problem> {
    let characters = password.chars().count();
    let wrong = if characters < SHORTEST {
        format!("a password has at least {SHORTEST} characters, and this one {characters}")
    } else if password.len() > LONGEST {
        format!("a password has at most {LONGEST} bytes, and this one {}", password.len())
    } else if password.chars().all(|character| password.starts_with(character)) {
        "a password is more than one character repeated".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::unacceptable("unusable_password", wrong))
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("OWASP's parameters are in range");
    Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params)
}

fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "control.password.hashing_failed");
    Problem::internal("the password could not be hashed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(1, 1)
    }

    fn secret(text: &str) -> Secret {
        Secret::given(text)
    }

    #[tokio::test]
    async fn a_password_is_right_and_all_others_are_wrong() {
        let passwords = passwords();
        let hash = passwords.hash(secret("correct horse battery")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        let right =
            async |text: &str| passwords.is_right(secret(text), Some(hash.clone())).await.unwrap();
        assert!(right("correct horse battery").await);
        for wrong in ["", "correct horse batterY", "correct horse battery ", &"x".repeat(1_000)] {
            assert!(!right(wrong).await, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let passwords = passwords();
        let one = passwords.hash(secret("correct horse battery")).await.unwrap();
        let other = passwords.hash(secret("correct horse battery")).await.unwrap();
        assert!(one != other);
    }

    #[tokio::test]
    async fn nobody_has_a_password_and_finding_out_is_the_same_work() {
        assert!(!passwords().is_right(secret("correct horse battery"), None).await.unwrap());
        let nobodys = phc::PasswordHash::new(NOBODYS).unwrap();
        let made = passwords().hash(secret("correct horse battery")).await.unwrap();
        let made = phc::PasswordHash::new(&made.0).unwrap();
        assert_eq!((nobodys.algorithm, nobodys.version), (made.algorithm, made.version));
        assert_eq!(nobodys.params, made.params);
        let lengths =
            |hash: &phc::PasswordHash| (hash.salt.unwrap().len(), hash.hash.unwrap().len());
        assert_eq!(lengths(&nobodys), lengths(&made));
    }

    #[tokio::test]
    async fn those_who_find_the_line_full_are_told_to_come_back() {
        let passwords = passwords();
        let held = Arc::clone(&passwords.at_work).acquire_owned().await.unwrap();
        let waits = || passwords.is_right(secret("correct horse battery"), None);
        let (first, second) = (waits(), waits());
        let (mut first, mut second) = (Box::pin(first), Box::pin(second));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        assert!(matches!(waits().await, Err(Problem::Unavailable(..))));
        drop(held);
        assert!(!first.await.unwrap());
        assert!(!second.await.unwrap());
        assert!(!waits().await.unwrap());
    }

    #[test]
    fn what_is_wrong_with_a_password_is_said() {
        let said = |text: &str| format!("{:?}", acceptable(text).unwrap_err());
        assert!(said("short").contains("at least 12 characters, and this one 5"));
        assert!(said(&"ä".repeat(65)).contains("at most 128 bytes, and this one 130"));
        assert!(said("aaaaaaaaaaaaaaaa").contains("repeated"));
        assert!(acceptable("correct horse").is_ok());
        assert!(acceptable("пароль пароль").is_ok());
    }
}
