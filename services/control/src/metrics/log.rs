//! How the log is, as numbers: what alert rules ask about.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use uplion_domain::{request::MarkKind, word::Kind as _};
use uplion_log_transport::stream::{Storage, StreamName};
use uplion_projections::requests::Marked;

use crate::log_state::{ProjectionState, StreamState};

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, Default)]
pub struct LogMetrics {
    pub store_up: Gauge,
    stream_up: Family<OfStream, Gauge>,
    stream_bytes: Family<OfStream, Gauge>,
    stream_max_bytes: Family<OfStream, Gauge>,
    archive_halted: Family<OfStream, Gauge>,
    archive_lag: Family<OfStream, Gauge>,
    archive_lag_seconds: Family<OfStream, Seconds>,
    quarantined: Family<OfStream, Gauge>,
    projection_halted: Family<OfProjection, Gauge>,
    projection_lag: Family<OfProjection, Gauge>,
    projection_lag_seconds: Family<OfProjection, Seconds>,
    storage: Family<Kept, Gauge>,
    disk: Family<Kept, Gauge>,
    charges_marked: Family<OfMark, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStream {
    stream: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProjection {
    projection: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfMark {
    mark: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kept {
    what: &'static str,
}

impl LogMetrics {
    pub fn register(&self, registry: &mut Registry) {
        let Self {
            store_up,
            stream_up,
            stream_bytes,
            stream_max_bytes,
            archive_halted,
            archive_lag,
            archive_lag_seconds,
            quarantined,
            projection_halted,
            projection_lag,
            projection_lag_seconds,
            storage,
            disk,
            charges_marked,
        } = self.clone();
        registry.register("uplion_store_up", "1 if the database answers", store_up);
        registry.register("uplion_stream_up", "1 if the broker answers for the stream", stream_up);
        registry.register("uplion_stream_bytes", "Bytes that the stream holds", stream_bytes);
        registry.register(
            "uplion_stream_max_bytes",
            "Bytes that the stream may hold",
            stream_max_bytes,
        );
        registry.register(
            "uplion_archive_halted",
            "1 if the archive cannot go on with the stream until somebody decides",
            archive_halted,
        );
        registry.register(
            "uplion_archive_lag_messages",
            "Messages of the stream that are not archived yet",
            archive_lag,
        );
        registry.register(
            "uplion_archive_lag_seconds",
            "For how long the oldest of them has been there",
            archive_lag_seconds,
        );
        registry.register(
            "uplion_quarantined_messages",
            "Messages of the stream that are none of ours, set aside until somebody has looked at them",
            quarantined,
        );
        registry.register(
            "uplion_projection_halted",
            "1 if the projection stands still, or was never filled",
            projection_halted,
        );
        registry.register(
            "uplion_projection_lag_events",
            "Events of the archive that are not in the projection yet",
            projection_lag,
        );
        registry.register(
            "uplion_projection_lag_seconds",
            "How long ago the oldest of them happened",
            projection_lag_seconds,
        );
        registry.register(
            "uplion_storage_bytes",
            "Where the streams are kept: used, reserved for them, and at most",
            storage,
        );
        registry.register("uplion_disk_bytes", "Of the disk below them: free and total", disk);
        registry.register(
            "uplion_charges_marked",
            "Settlements of the last day that a person should look at, by why",
            charges_marked,
        );
    }

    pub fn stream_up(&self, stream: StreamName, up: bool) {
        let of = OfStream { stream: stream.as_str() };
        self.stream_up.get_or_create(&of).set(i64::from(up));
    }

    pub fn stream(&self, state: &StreamState, lag_seconds: Option<f64>) {
        let of = OfStream { stream: state.name.as_str() };
        self.stream_up(state.name, state.identity.is_ok());
        self.quarantined.get_or_create(&of).set(signed(state.quarantined.kept));
        let Ok(identity) = &state.identity else { return };
        self.stream_bytes.get_or_create(&of).set(signed(identity.bytes));
        self.stream_max_bytes.get_or_create(&of).set(signed(identity.max_bytes));
        self.archive_halted.get_or_create(&of).set(i64::from(state.halted.is_some()));
        self.archive_lag.get_or_create(&of).set(signed(state.lag().unwrap_or_default()));
        self.archive_lag_seconds.get_or_create(&of).set(lag_seconds.unwrap_or_default());
    }

    pub fn projection(&self, state: &ProjectionState, lag_seconds: Option<f64>) {
        let of = OfProjection { projection: state.name };
        let halted = state.halted.is_some() || state.live_version.is_none();
        self.projection_halted.get_or_create(&of).set(i64::from(halted));
        self.projection_lag.get_or_create(&of).set(signed(state.lag));
        self.projection_lag_seconds.get_or_create(&of).set(lag_seconds.unwrap_or_default());
    }

    /// What nobody can tell is not there, rather than nothing.
    pub fn storage(&self, storage: &Storage) {
        let Storage { used, reserved, max, disk } = storage;
        for (what, bytes) in [("used", Some(*used)), ("reserved", Some(*reserved)), ("max", *max)] {
            if let Some(bytes) = bytes {
                self.storage.get_or_create(&Kept { what }).set(signed(bytes));
            }
        }
        if let Some(disk) = disk {
            for (what, bytes) in [("free", disk.free), ("total", disk.total)] {
                self.disk.get_or_create(&Kept { what }).set(signed(bytes));
            }
        }
    }

    pub fn charges_marked(&self, counts: &[Marked]) {
        for mark in MarkKind::KNOWN {
            let has = |one: &&Marked| one.marks.iter().any(|is| is.as_str() == *mark);
            let count = counts.iter().filter(has).map(|one| one.count).sum();
            self.charges_marked.get_or_create(&OfMark { mark }).set(signed(count));
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
