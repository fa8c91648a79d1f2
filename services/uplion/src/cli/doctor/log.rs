//! The health of the log as control reports it, and the findings that follow from it.

use std::time::Duration;

use serde::Deserialize;
use uplion_domain::Timestamp;
use uplion_log_transport::stream;

use super::{
    finding::Finding,
    processes::{self, Process},
    projections::Projection,
};
use crate::{
    clock,
    sizes::{self, human},
};

/// What the oldest message may wait for the archive, and the oldest event for a projection.
pub const NOTABLE_SECONDS: f64 = 30.0;
const FILLING_PERCENT: u64 = 75;
/// Gateways stop admitting.
const FULL_PERCENT: u64 = 90;
/// Of a disk.
const LOW_PERCENT: u64 = 10;
const FULL_DISK_PERCENT: u64 = 2;
/// A large disk is not full with so much left, whatever share of it that is.
const FULL_DISK_BYTES: u64 = 512 << 20;
/// By how much clocks may differ.
const SKEW_SECONDS: f64 = 2.0;
/// A role whose clock is further from that of its servers is not ready.
const LIMIT_SECONDS: f64 = 30.0;

#[derive(Debug, Deserialize)]
pub struct Health {
    pub version: String,
    /// By control's clock.
    pub now: Option<String>,
    pub streams: Vec<Stream>,
    #[serde(default)]
    pub storage: Storage,
    #[serde(default)]
    pub database: Database,
    pub archive: Archive,
    pub projections: Vec<Projection>,
    pub relay: Relay,
    pub processes: Option<Vec<Process>>,
}

#[derive(Debug, Deserialize)]
pub struct Stream {
    pub name: String,
    pub trouble: Option<String>,
    pub bytes: Option<u64>,
    pub max_bytes: Option<u64>,
    pub lag: Option<u64>,
    pub lag_seconds: Option<f64>,
    pub halted: Option<String>,
    /// Messages that are none of ours.
    #[serde(default)]
    pub quarantined: u64,
}

#[derive(Debug, Default, Deserialize)]
pub struct Storage {
    pub trouble: Option<String>,
    pub used_bytes: Option<u64>,
    pub reserved_bytes: Option<u64>,
    pub max_bytes: Option<u64>,
    pub disk_free_bytes: Option<u64>,
    pub disk_total_bytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Database {
    pub trouble: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Archive {
    pub head: u64,
}

#[derive(Debug, Deserialize)]
pub struct Relay {
    pub recorded: u64,
    pub lag: Option<u64>,
    pub trouble: Option<String>,
}

impl Health {
    pub fn examine(&self) -> Vec<Finding> {
        let mut findings = self.clock().into_iter().collect::<Vec<_>>();
        findings.extend(self.streams.iter().map(Stream::examine));
        findings.extend(self.streams.iter().filter_map(Stream::foreign));
        findings.extend(self.storage.examine(&self.streams));
        findings.push(self.database.examine());
        findings.push(self.relay.examine());
        let head = self.archive.head;
        findings.push(Finding::good("archive.ok", format!("{head} events archived")));
        findings.extend(Projection::examine_all(&self.projections));
        findings.extend(self.processes.as_deref().map(processes::examine).unwrap_or_default());
        findings
    }

    fn clock(&self) -> Option<Finding> {
        let theirs: Timestamp = self.now.as_ref()?.parse().ok()?;
        Some(skew("control", ahead(theirs)))
    }
}

/// Of this machine, in seconds.
pub fn ahead(theirs: Timestamp) -> f64 {
    let micros = theirs.micros() - clock::now().micros();
    let seconds = Duration::from_micros(micros.unsigned_abs()).as_secs_f64();
    if micros < 0 { -seconds } else { seconds }
}

/// `ahead`: of this machine, in seconds.
pub fn skew(role: &str, ahead: f64) -> Finding {
    if ahead.abs() < SKEW_SECONDS {
        return Finding::good("clock.ok", format!("{role}'s clock is as this machine's"))
            .named(role);
    }
    let way = if ahead > 0.0 { "ahead of" } else { "behind" };
    let what = format!("{role}'s clock is {:.0} s {way} this machine's", ahead.abs());
    let advice = "deadlines, prices and hours of usage go by the clocks of their machines: let NTP set all of them";
    let found = if ahead.abs() < LIMIT_SECONDS {
        Finding::watch("clock.skewed", what, advice)
    } else {
        Finding::bad("clock.skewed", what, advice)
    };
    found.named(role)
}

impl Stream {
    pub fn examine(&self) -> Finding {
        self.found().named(self.name.clone())
    }

    /// Somebody else writes there, or writes what cannot be read.
    fn foreign(&self) -> Option<Finding> {
        let (name, count) = (&self.name, self.quarantined);
        let advice = "`uplion log quarantine list` says where they lay and why; retry takes in what proves to be ours (a key of the log was missing, or a version was too old), dismiss forgets the others";
        let what = format!("{count} messages of {name} are none of ours and were set aside");
        (count > 0).then(|| Finding::bad("stream.foreign", what, advice).named(name.clone()))
    }

    fn found(&self) -> Finding {
        let name = &self.name;
        if let Some(trouble) = &self.trouble {
            return Finding::bad("stream.unavailable", trouble, advice_for_stream(trouble));
        }
        if let Some(halted) = &self.halted {
            let advice = "requests go on, bills wait: once you know what became of the old stream, `uplion log epoch` lets the archive go on with the one that is there";
            return Finding::bad("stream.replaced", halted, advice);
        }
        let (bytes, max) = (self.bytes.unwrap_or_default(), self.max_bytes.unwrap_or_default());
        let (lag, seconds) = (self.lag.unwrap_or_default(), self.lag_seconds.unwrap_or_default());
        let waiting = if lag == 0 {
            "all archived".to_owned()
        } else {
            format!("{lag} messages not archived, the oldest for {seconds:.0} s")
        };
        let percent = bytes.saturating_mul(100).checked_div(max).unwrap_or_default();
        let what =
            format!("{name} holds {} of {} ({percent} %), {waiting}", human(bytes), human(max));
        self.judged(what, percent, seconds)
    }

    fn judged(&self, what: String, percent: u64, seconds: f64) -> Finding {
        let flag = self.size_flag();
        if percent >= FULL_PERCENT {
            let advice = format!(
                "at {FULL_PERCENT} % gateways stop admitting: a running projector archives and purges it; otherwise restart the roles with a larger {flag}"
            );
            return Finding::bad("stream.full", what, advice);
        }
        if percent >= FILLING_PERCENT {
            let advice = format!(
                "at {FULL_PERCENT} % gateways stop admitting: does a projector archive it? otherwise give it more room, {flag} of every role"
            );
            return Finding::watch("stream.filling", what, advice);
        }
        if seconds > NOTABLE_SECONDS {
            let advice = "no projector archives it: is one running (`uplion projector`), and what does its /ready say?";
            return Finding::bad("stream.behind", what, advice);
        }
        Finding::good("stream.ok", what)
    }

    fn size_flag(&self) -> String {
        format!("--{}-max-bytes", self.name.to_lowercase())
    }
}

fn advice_for_stream(trouble: &str) -> &'static str {
    if trouble.contains("does not exist") {
        "a gateway, or control when it starts, makes it: is one running, and what does its /ready say?"
    } else if trouble.contains("does not answer") {
        "is nats-server running? in a cluster, are two of three nodes up?"
    } else if trouble.contains("no leader") {
        "start the nodes that are down: of three nodes two must be up"
    } else if trouble.contains("disk is full") {
        "make room on the disk of nats-server, then restart it"
    } else {
        "is nats-server running, and do the roles have its URL?"
    }
}

impl Storage {
    pub fn of(storage: &stream::Storage) -> Self {
        let stream::Storage { used, reserved, max, disk } = *storage;
        Self {
            trouble: None,
            used_bytes: Some(used),
            reserved_bytes: Some(reserved),
            max_bytes: max,
            disk_free_bytes: disk.map(|disk| disk.free),
            disk_total_bytes: disk.map(|disk| disk.total),
        }
    }

    pub fn examine(&self, streams: &[Stream]) -> Vec<Finding> {
        if let Some(trouble) = &self.trouble {
            return vec![Finding::bad("storage.unavailable", trouble, advice_for_stream(trouble))];
        }
        let Some(used) = self.used_bytes else { return Vec::new() };
        let reserved = self.reserved_bytes.unwrap_or_default();
        let mut findings = vec![match self.max_bytes {
            Some(max) if reserved > max => Finding::bad(
                "storage.small",
                format!(
                    "the streams may come to hold {}, and their storage takes {}",
                    human(reserved),
                    human(max)
                ),
                "raise the limit of the account, or start the roles with smaller --traffic-max-bytes, --control-max-bytes and --workers-max-bytes",
            ),
            Some(max) => Finding::good(
                "storage.ok",
                format!("streams use {} of {}", human(used), human(max)),
            ),
            None => Finding::good(
                "storage.ok",
                format!("streams use {}, and may come to hold {}", human(used), human(reserved)),
            ),
        }];
        findings.extend(self.disk(streams));
        findings
    }

    fn disk(&self, streams: &[Stream]) -> Option<Finding> {
        let (free, total) = (self.disk_free_bytes?, self.disk_total_bytes.filter(|all| *all > 0)?);
        let what = format!("{} free of {}", human(free), human(total));
        let to_come: u64 = streams
            .iter()
            .map(|stream| {
                stream
                    .max_bytes
                    .unwrap_or_default()
                    .saturating_sub(stream.bytes.unwrap_or_default())
            })
            .sum();
        let share = free.saturating_mul(100) / total;
        if share < FULL_DISK_PERCENT && free < FULL_DISK_BYTES {
            let advice = "nothing can be written soon, and requests end with errors: make room";
            return Some(Finding::bad("disk.full", what, advice));
        }
        if share < LOW_PERCENT || free < to_come {
            let what = format!("{what}, and the streams may come to need {} more", human(to_come));
            let advice = "make room, or let the streams become less large: --traffic-max-bytes";
            return Some(Finding::watch("disk.low", what, advice));
        }
        Some(Finding::good("disk.ok", what))
    }
}

impl Database {
    fn examine(&self) -> Finding {
        let Some(trouble) = &self.trouble else {
            return Finding::good("database.ok", "the database takes writes");
        };
        Finding::bad(
            "database.refuses",
            format!("the database takes no writes: {trouble}"),
            advice_for_database(trouble),
        )
    }
}

pub fn advice_for_database(trouble: &str) -> &'static str {
    if trouble.contains("No space") || trouble.contains("full") {
        "make room on its disk; archive and bills catch up by themselves"
    } else if trouble.contains("read-only") {
        "it is a replica or was set read-only: point --database-url at the primary, or reset default_transaction_read_only"
    } else {
        "is it running, and is --database-url right? requests go on without it, changes and bills wait"
    }
}

impl Relay {
    pub fn examine(&self) -> Finding {
        let recorded = self.recorded;
        if let Some(trouble) = &self.trouble {
            let what = format!("changes do not reach the log: {trouble}");
            let advice = if trouble.contains("uplion log restore") {
                "the database is older than the log: `uplion log restore` takes back what it lacks"
            } else {
                "keys and prices stay as they were until this is mended; it goes on by itself then"
            };
            return Finding::bad("relay.halted", what, advice);
        }
        match self.lag {
            Some(0) => Finding::good("relay.ok", format!("all {recorded} changes are on the log")),
            Some(lag) => Finding::watch(
                "relay.behind",
                format!("{lag} of {recorded} changes are not on the log yet"),
                "if that stays so, control's log says why",
            ),
            None => Finding::bad(
                "relay.unknown",
                format!("it cannot be told whether the {recorded} changes are on the log"),
                "the broker does not say where CONTROL ends: see what is said of it",
            ),
        }
    }
}

/// Requests a second × bytes × hours. Only TRAFFIC grows with requests.
pub fn size(streams: &[Stream], rate: Option<u64>, hours: u64) -> Option<Finding> {
    let max = streams.iter().find(|stream| stream.name == "TRAFFIC")?.max_bytes?;
    let each = sizes::BYTES_PER_REQUEST;
    let bears = sizes::enough_for(max, each, hours);
    let what = format!(
        "TRAFFIC's {} hold {hours} h of {bears} requests/s at about {each} bytes each",
        human(max)
    );
    let needed = rate.map(|rate| (rate, sizes::needed(rate, each, hours)));
    Some(match needed.filter(|(_, needed)| *needed > max) {
        None => Finding::good("size.ok", what),
        Some((rate, needed)) => Finding::watch(
            "size.small",
            what,
            format!(
                "for {rate} requests/s over {hours} h start the roles with --traffic-max-bytes {needed} ({})",
                human(needed)
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_told_which_way() {
        assert_eq!(skew("control", 1.5).id, "clock.ok");
        for (ahead, words) in [(90.0, "90 s ahead of"), (-90.0, "90 s behind")] {
            let found = skew("gateway", ahead);
            assert_eq!(found.id, "clock.skewed");
            assert!(found.what.contains(words), "{found:?}");
        }
    }

    #[test]
    fn a_stream_is_full_where_gateways_stop_admitting() {
        for (bytes, id) in [(74, "stream.ok"), (75, "stream.filling"), (90, "stream.full")] {
            let (bytes, max_bytes) = (Some(bytes), Some(100));
            let (name, none) = ("TRAFFIC".to_owned(), None);
            let stream = Stream {
                name,
                trouble: None,
                bytes,
                max_bytes,
                lag: None,
                lag_seconds: none,
                halted: None,
                quarantined: 0,
            };
            assert_eq!(stream.examine().id, id);
        }
    }

    #[test]
    fn a_disk_is_told_before_it_is_full() {
        let of_100_gib = 100 << 30;
        for (free, total, id) in [
            (50, 100, "disk.ok"),
            (9, 100, "disk.low"),
            (1, 100, "disk.full"),
            (1 << 30, of_100_gib, "disk.low"),
            (100 << 20, of_100_gib, "disk.full"),
        ] {
            let storage = Storage {
                used_bytes: Some(1),
                disk_free_bytes: Some(free),
                disk_total_bytes: Some(total),
                ..Storage::default()
            };
            assert_eq!(storage.examine(&[]).last().map(|finding| finding.id), Some(id));
        }
    }
}
