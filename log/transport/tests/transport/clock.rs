//! The clock of a server is compared with one here.

use std::time::{SystemTime, UNIX_EPOCH};

use uplion_domain::Timestamp;
use uplion_log_transport::{
    clock::offset,
    stream::{StreamName, StreamSpec},
};

use crate::backend::Backend;

#[expect(clippy::disallowed_methods, reason = "it is compared with the server's")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_micros().try_into().unwrap()
}

#[tokio::test]
async fn a_clock_that_is_a_minute_slow_or_fast_is_found_out_by_nats() {
    for backend in [Backend::one_server().await, Backend::three_nodes().await] {
        let streams = backend.connect().await.streams;
        let spec = StreamSpec {
            name: StreamName::Workers,
            epoch: 1,
            first_sequence: 1,
            max_bytes: 1 << 20,
            replicas: backend.replicas(),
            dedup_window: std::time::Duration::from_mins(2),
        };
        streams.ensure(&spec).await.unwrap();
        for seconds in [0, -60, 60] {
            let clock = || Timestamp::from_micros(now() - seconds * 1_000_000);
            let found = offset(clock, || streams.server_time()).await.unwrap().unwrap();
            let expected: f64 = i32::try_from(seconds).unwrap().into();
            assert!((found.seconds - expected).abs() < 1.0, "{seconds}: {found:?}");
            assert!(
                found.uncertainty < 1.0 && found.certain() <= expected.abs() + 1.0,
                "{found:?}"
            );
        }
    }
}

#[tokio::test]
async fn who_keeps_the_streams_itself_has_no_other_clock() {
    let streams = Backend::in_process().connect().await.streams;
    assert_eq!(streams.server_time().await.unwrap(), None);
}
