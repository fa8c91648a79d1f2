//! Waiting for a condition instead of sleeping: polls until it holds, and says what it waited for when it does not.

use std::{future::Future, time::Duration};

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// Long enough for a loaded machine, short enough to be waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Polls `condition` until it holds.
///
/// # Errors
/// After `patience`, naming `what` was awaited.
pub async fn until<F, Held>(patience: Duration, what: &str, mut condition: F) -> anyhow::Result<()>
where
    F: FnMut() -> Held,
    Held: Future<Output = bool>,
{
    until_some(patience, what, || {
        let held = condition();
        async { held.await.then_some(()) }
    })
    .await
}

/// Polls `find` until it finds something, and gives that.
///
/// # Errors
/// After `patience`, naming `what` was awaited.
pub async fn until_some<T, F, Found>(
    patience: Duration,
    what: &str,
    mut find: F,
) -> anyhow::Result<T>
where
    F: FnMut() -> Found,
    Found: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(found) = find().await {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {patience:?} in vain for {what}");
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_holds_is_named() {
        let waited = until(Duration::from_millis(5), "pigs to fly", async || false).await;
        assert!(waited.unwrap_err().to_string().ends_with("in vain for pigs to fly"));
    }

    #[tokio::test]
    async fn what_holds_later_is_awaited() {
        let mut asked = 0;
        let third = until_some(PATIENCE, "the third time", || {
            asked += 1;
            let asked = asked;
            async move { (asked == 3).then_some(asked) }
        });
        assert_eq!(third.await.unwrap(), 3);
    }
}
