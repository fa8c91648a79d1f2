//! How far this machine's clock is from that of a server that it asks.

use std::time::Duration;

use uplion_domain::Timestamp;

/// An answer that came quickly says it best.
const QUESTIONS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset {
    /// By which the server is ahead of this machine; below 0 it is behind.
    pub seconds: f64,
    /// By which that may be wrong: half of the time that the answer took.
    pub uncertainty: f64,
}

impl Offset {
    /// How far the clocks are apart at least.
    pub fn certain(&self) -> f64 {
        (self.seconds.abs() - self.uncertainty).max(0.0)
    }
}

/// Asks the server a few times. None if it is no server: it has this machine's clock.
pub async fn offset<E, F>(
    clock: impl Fn() -> Timestamp,
    ask: impl Fn() -> F,
) -> Result<Option<Offset>, E>
where
    F: Future<Output = Result<Option<Timestamp>, E>>,
{
    let mut best: Option<Offset> = None;
    for _ in 0..QUESTIONS {
        let before = clock().micros();
        let Some(theirs) = ask().await? else { return Ok(None) };
        let half = clock().micros().saturating_sub(before) / 2;
        let offset = Offset {
            seconds: seconds(theirs.micros().saturating_sub(before.saturating_add(half))),
            uncertainty: seconds(half).abs(),
        };
        if best.is_none_or(|best| offset.uncertainty < best.uncertainty) {
            best = Some(offset);
        }
    }
    Ok(best)
}

fn seconds(micros: i64) -> f64 {
    let seconds = Duration::from_micros(micros.unsigned_abs()).as_secs_f64();
    if micros < 0 { -seconds } else { seconds }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible};

    use super::*;

    const SECOND: i64 = 1_000_000;

    #[tokio::test]
    async fn the_quickest_answer_counts_and_is_compared_with_the_middle_of_its_time() {
        // Three answers that take 4, 2 and 6 s, by a clock that moves only then.
        let (here, delays) = (Cell::new(100 * SECOND), [4, 2, 6]);
        let asked = Cell::new(0);
        let found = offset(
            || Timestamp::from_micros(here.get()),
            || {
                let half = delays[asked.replace(asked.get() + 1)] * SECOND / 2;
                let theirs = here.get() + half + 40 * SECOND;
                here.set(here.get() + 2 * half);
                async move { Ok::<_, Infallible>(Some(Timestamp::from_micros(theirs))) }
            },
        );
        let found = found.await.unwrap().unwrap();
        assert_eq!(found, Offset { seconds: 40.0, uncertainty: 1.0 });
        assert!((found.certain() - 39.0).abs() < 1e-9, "{found:?}");
        let vague = Offset { seconds: -3.0, uncertainty: 4.0 };
        assert!(vague.certain() < 1e-9, "{vague:?}");
    }
}
