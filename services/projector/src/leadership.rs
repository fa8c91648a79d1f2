//! Holding the lease: everything below runs while it is held, and is torn down the moment it is not.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uplion_log_store::lease::Lease;
use uplion_log_transport::stream::StreamName;

use crate::{
    Projector, feed::Feed, ingest::Ingest, projection_runner, purge::Purge, sweeper::Sweeper,
};

const JOB: &str = "projector";
/// Between attempts at a lease that somebody else holds, or a store that does not answer.
const PATIENCE: Duration = Duration::from_millis(500);

pub async fn serve(projector: &Projector, stop: &CancellationToken) {
    let Projector { options, store, state, .. } = projector;
    while !stop.is_cancelled() {
        match store.leases.take(JOB, &options.holder, options.lease).await {
            Ok(Some(lease)) => {
                state.well("store");
                state.well(JOB);
                state.set_working(true);
                let ended = work(projector, lease, stop).await;
                state.hand_over();
                if let Err(error) = ended {
                    state.trouble(JOB, &error);
                }
            }
            Ok(None) => state.well("store"),
            Err(error) => state.trouble("store", &error.to_string()),
        }
        tokio::select! {
            () = tokio::time::sleep(PATIENCE) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// An error if a job ended that should not.
async fn work(projector: &Projector, lease: Lease, stop: &CancellationToken) -> Result<(), String> {
    let term = stop.child_token();
    let mut jobs = start(projector, &lease, &term);
    let ended = tokio::select! {
        () = keep(projector, &lease, &term) => Ok(()),
        Some(Err(panic)) = jobs.join_next() => Err(panic.to_string()),
    };
    term.cancel();
    while jobs.join_next().await.is_some() {}
    // Only a courtesy to the next one: an unreleased lease expires.
    if let Err(error) = projector.store.leases.release(&lease).await {
        tracing::warn!(%error, "projector.lease.release");
    }
    ended
}

fn start(projector: &Projector, lease: &Lease, term: &CancellationToken) -> JoinSet<()> {
    let Projector { options, projections, log, store, clock, metrics, state } = projector;
    let feed = Arc::new(Feed::new(Arc::clone(&store.archive)));
    let mut jobs = JoinSet::new();
    for stream in StreamName::archived() {
        let ingest = Ingest {
            stream,
            streams: Arc::clone(&log.streams),
            archive: Arc::clone(&store.archive),
            link: log.messages.link(),
            lease: lease.clone(),
            feed: Arc::clone(&feed),
            state: Arc::clone(state),
            metrics: metrics.clone(),
        };
        jobs.spawn(ingest.run(term.clone()));
    }
    for projection in projections.iter().copied() {
        let job = projection_runner::Job {
            projection,
            rows: Arc::clone(&store.rows),
            leases: Arc::clone(&store.leases),
            feed: Arc::clone(&feed),
            state: Arc::clone(state),
            metrics: metrics.clone(),
        };
        jobs.spawn(projection_runner::run(job, term.clone()));
    }
    let sweeper = Sweeper {
        streams: Arc::clone(&log.streams),
        store: store.clone(),
        every: options.sweep_every,
        after: options.sweep_after,
        metrics: metrics.clone(),
    };
    jobs.spawn(sweeper.run(term.clone()));
    let purge = Purge {
        streams: Arc::clone(&log.streams),
        archive: Arc::clone(&store.archive),
        clock: Arc::clone(clock),
        every: options.purge_every,
        keep: options.keep_on_stream,
    };
    jobs.spawn(purge.run(term.clone()));
    jobs
}

/// Returns when the lease is lost or the process is to stop.
async fn keep(projector: &Projector, lease: &Lease, term: &CancellationToken) {
    let Projector { options, store, state, .. } = projector;
    let mut renewed = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(options.lease / 4) => {}
            () = term.cancelled() => return,
        }
        match store.leases.renew(lease, options.lease).await {
            Ok(true) => {
                renewed = tokio::time::Instant::now();
                state.well("store");
            }
            Ok(false) => return tracing::warn!("projector.lease.lost"),
            // Every write carries the lease's token, so holding on to an expired one is harmless, but useless.
            Err(_) if renewed.elapsed() > options.lease => return,
            Err(error) => state.trouble("store", &error.to_string()),
        }
    }
}
