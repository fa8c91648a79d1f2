//! What becomes one message, tried on a stream that acknowledges when it is told to.

use std::sync::Mutex;

use tokio::sync::Semaphore;
use uplion_domain::{EventId, Timestamp};

use super::{super::batch, *};

const STREAM: StreamName = StreamName::Traffic;

/// The ids of each message that was appended, and how many more may be acknowledged.
struct Held {
    messages: Mutex<Vec<Vec<String>>>,
    acknowledged: Semaphore,
    failure: Option<AppendError>,
}

#[async_trait]
impl BatchSink for Held {
    async fn append_message(&self, _: StreamName, payload: Bytes) -> Result<u64, AppendError> {
        let events = batch::decode(&payload, None).unwrap();
        let ids = events.into_iter().map(|event| event.id.to_string()).collect();
        let sequence = {
            let mut messages = self.messages.lock().unwrap();
            messages.push(ids);
            messages.len() as u64
        };
        self.acknowledged.acquire().await.unwrap().forget();
        self.failure.clone().map_or(Ok(sequence), Err)
    }
}

fn held(acknowledged: usize, failure: Option<AppendError>) -> (Arc<Held>, Arc<BatchWriter>) {
    let (messages, acknowledged) = (Mutex::default(), Semaphore::new(acknowledged));
    let sink = Arc::new(Held { messages, acknowledged, failure });
    let writer = BatchWriter::new(STREAM, None, Arc::clone(&sink) as Arc<dyn BatchSink>);
    (sink, Arc::new(writer))
}

fn event(id: &str, payload: usize) -> Encoded {
    let (id, at) = (EventId::known(id), Timestamp::from_micros(7));
    let (traceparent, actor, request_id) = (None, None, None);
    let payload = vec![b' '; payload];
    Encoded { id, kind: "k".into(), at, traceparent, actor, request_id, payload }
}

fn appending(
    writer: &Arc<BatchWriter>,
    id: &str,
) -> tokio::task::JoinHandle<Result<Appended, AppendError>> {
    let (writer, event) = (Arc::clone(writer), event(id, 2));
    tokio::spawn(async move { writer.append(&event).await })
}

fn messages(sink: &Held) -> Vec<Vec<String>> {
    sink.messages.lock().unwrap().clone()
}

/// Lets every task run as far as it comes by itself.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_urgent_event_leaves_at_once_and_takes_along_what_waits() {
    let (sink, writer) = held(1, None);
    writer.append_soon(&event("accepted", 2));
    let before = Instant::now();
    assert_eq!(writer.append(&event("settled", 2)).await.unwrap().sequence, 1);
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(messages(&sink), [["accepted", "settled"]]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_leaves_after_a_millisecond() {
    let (sink, writer) = held(1, None);
    writer.append_soon(&event("a", 2));
    settle().await;
    writer.append_soon(&event("b", 2));
    assert_eq!(messages(&sink).len(), 0);
    tokio::time::sleep(LONGEST_WAIT + Duration::from_millis(1)).await;
    assert_eq!(messages(&sink), [["a", "b"]]);
    assert_eq!(writer.stats(), BatchStats { lost: 0, under_way: 0 });
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_message_is_on_its_way_goes_together_behind_it() {
    let (sink, writer) = held(0, None);
    let first = appending(&writer, "1");
    settle().await;
    let others = ["2", "3", "4"].map(|id| appending(&writer, id));
    settle().await;
    assert_eq!(messages(&sink), [["1"]]);
    sink.acknowledged.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap().sequence, 1);
    for other in others {
        assert_eq!(other.await.unwrap().unwrap().sequence, 2);
    }
    assert_eq!(messages(&sink), [vec!["1"], vec!["2", "3", "4"]]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_fails_for_all_who_wait_and_is_counted_for_those_who_do_not() {
    let (_, writer) = held(2, Some(AppendError::Full(STREAM)));
    writer.append_soon(&event("soon", 2));
    assert_eq!(writer.append(&event("urgent", 2)).await, Err(AppendError::Full(STREAM)));
    settle().await;
    assert_eq!(writer.stats(), BatchStats { lost: 1, under_way: 0 });
}

#[tokio::test(start_paused = true)]
async fn more_than_one_message_takes_is_split_in_order() {
    let (sink, writer) = held(9, None);
    let large = MAX_BATCH_BYTES / 3;
    for id in ["1", "2", "3"] {
        writer.append_soon(&event(id, large));
    }
    assert_eq!(writer.append(&event("4", large)).await.unwrap().sequence, 2);
    assert_eq!(messages(&sink), [["1", "2"], ["3", "4"]]);
}

#[tokio::test(start_paused = true)]
async fn what_no_message_takes_and_what_is_too_much_is_refused_at_once() {
    let (sink, writer) = held(0, None);
    let large = writer.append(&event("large", MAX_BATCH_BYTES)).await;
    assert!(matches!(large, Err(AppendError::TooLarge { .. })), "{large:?}");
    for _ in 0..=MAX_WAITING {
        writer.append_soon(&event("a", 2));
    }
    let refused = writer.append(&event("b", 2)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable { .. })), "{refused:?}");
    assert_eq!(writer.stats(), BatchStats { lost: 1, under_way: MAX_WAITING });
    assert!(messages(&sink).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_take_its_event_with_it() {
    let (sink, writer) = held(0, None);
    let first = appending(&writer, "1");
    settle().await;
    let second = appending(&writer, "2");
    settle().await;
    second.abort();
    sink.acknowledged.add_permits(2);
    first.await.unwrap().unwrap();
    settle().await;
    assert_eq!(messages(&sink), [["1"], ["2"]]);
}
