//! When the door closes, and how it opens again.

use tokio::time::advance;
use uplion_log_transport::stream::StreamName;

use super::*;

const STREAM: StreamName = StreamName::Traffic;

fn unacknowledged() -> AppendError {
    AppendError::Unacknowledged { stream: STREAM, reason: "no answer".into() }
}

/// As many as are let in now, all of whom stay.
fn let_in(recording: &Arc<Recording>) -> Vec<Pass> {
    std::iter::from_fn(|| recording.admit()).take(2 * WIDE).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_closed_once_somebody_waits_and_nobody_is_acknowledged() {
    let recording = Arc::new(Recording::default());
    advance(STUCK_AFTER * 2).await;
    assert!(!recording.is_closed(), "nobody waits");
    let first = recording.wait();
    let mut second = recording.wait();
    second.failed(&unacknowledged());
    advance(STUCK_AFTER).await;
    assert!(!recording.is_closed(), "a leader may be chosen");
    advance(Duration::from_millis(1)).await;
    assert!(recording.is_closed() && recording.admit().is_none() && recording.wants_probe());
    drop(first);
    drop(second);
    assert!(recording.is_closed(), "that nobody waits any more says nothing");
}

#[tokio::test(start_paused = true)]
async fn a_full_stream_closes_it_at_once_and_what_is_wrong_with_an_event_never() {
    let recording = Arc::new(Recording::default());
    let mut waiting = recording.wait();
    waiting.failed(&AppendError::TooLarge { stream: STREAM, bytes: 1 << 30 });
    advance(STUCK_AFTER * 2).await;
    assert!(!recording.is_closed());
    assert_eq!(recording.waiting(), 0);
    drop(waiting);
    assert_eq!(recording.waiting(), 0);
    recording.wait().failed(&AppendError::Full(STREAM));
    assert!(recording.is_closed());
}

#[tokio::test(start_paused = true)]
async fn it_opens_to_one_then_two_then_four_and_then_to_all() {
    let recording = Arc::new(Recording::default());
    recording.wait().failed(&AppendError::Full(STREAM));
    assert_eq!(let_in(&recording).len(), 0);
    for window in [1, 2, 4, 8, 16, 32, 64, 128] {
        recording.probed();
        assert_eq!(let_in(&recording).len(), window);
    }
    assert!(recording.wants_probe());
    recording.probed();
    assert_eq!(let_in(&recording).len(), 2 * WIDE);
    assert!(!recording.wants_probe());
}

#[tokio::test(start_paused = true)]
async fn those_who_stay_keep_their_places_and_each_acknowledged_end_lets_in_one_more() {
    let recording = Arc::new(Recording::default());
    recording.wait().failed(&AppendError::Full(STREAM));
    recording.wait().acknowledged();
    let first = let_in(&recording);
    assert_eq!(first.len(), 1);
    recording.wait().acknowledged();
    drop(first);
    let both = let_in(&recording);
    assert_eq!(both.len(), 2);
    recording.probed();
    assert_eq!(let_in(&recording).len(), 2, "four in all");
}

#[tokio::test(start_paused = true)]
async fn while_it_opens_the_first_failure_closes_it() {
    let recording = Arc::new(Recording::default());
    recording.wait().failed(&AppendError::Full(STREAM));
    recording.probed();
    recording.probed();
    let passes = let_in(&recording);
    recording.wait().failed(&unacknowledged());
    assert!(recording.is_closed());
    recording.probed();
    assert_eq!(let_in(&recording).len(), 0, "two are still under way");
    drop(passes);
    assert_eq!(let_in(&recording).len(), 1);
}
