//! Leases: one holder at a time, and no two with the same token.

use std::time::Duration;

use uplion_log_store::Store;
use uplion_tests::wait;

const LONG: Duration = Duration::from_mins(1);

crate::on_each!([
    a_lease_has_one_holder
    a_lease_that_was_let_go_or_expired_is_anothers
    of_many_that_want_a_lease_one_gets_it
    a_holder_that_comes_back_gets_a_new_token
]);

async fn a_lease_has_one_holder(store: Store) {
    let lease = store.leases.take("ingest", "a", LONG).await.unwrap().unwrap();
    assert_eq!((lease.job.as_str(), lease.holder.as_str()), ("ingest", "a"));
    assert_eq!(store.leases.take("ingest", "b", LONG).await.unwrap(), None);
    assert!(store.leases.renew(&lease, LONG).await.unwrap());
    assert!(store.leases.take("other job", "b", LONG).await.unwrap().is_some());
}

async fn a_lease_that_was_let_go_or_expired_is_anothers(store: Store) {
    let first = store.leases.take("ingest", "a", LONG).await.unwrap().unwrap();
    store.leases.release(&first).await.unwrap();
    let second = store.leases.take("ingest", "b", Duration::from_millis(20)).await.unwrap();
    let second = second.unwrap();
    assert!(second.token > first.token);
    let third = wait::until_some(wait::PATIENCE, "the lease to expire", || async {
        store.leases.take("ingest", "c", LONG).await.unwrap()
    });
    let third = third.await.unwrap();
    assert!(third.token > second.token);
    for lost in [&first, &second] {
        assert!(!store.leases.renew(lost, LONG).await.unwrap());
        // Lets nothing go any more.
        store.leases.release(lost).await.unwrap();
    }
    assert!(store.leases.renew(&third, LONG).await.unwrap());
}

async fn of_many_that_want_a_lease_one_gets_it(store: Store) {
    let wanting = (0..20).map(|holder| {
        let leases = store.leases.clone();
        async move { leases.take("ingest", &holder.to_string(), LONG).await.unwrap() }
    });
    let got = futures::future::join_all(wanting).await;
    assert_eq!(got.into_iter().flatten().count(), 1);
}

async fn a_holder_that_comes_back_gets_a_new_token(store: Store) {
    let before = store.leases.take("ingest", "a", LONG).await.unwrap().unwrap();
    let after = store.leases.take("ingest", "a", LONG).await.unwrap().unwrap();
    assert!(after.token > before.token);
    assert!(!store.leases.renew(&before, LONG).await.unwrap());
}
