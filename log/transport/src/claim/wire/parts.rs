//! What messages of the claim protocol are made of, on the wire.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use uplion_domain::{
    Unit, Usage,
    usage::{MAX_UNITS, Source, Units, UsageDialect},
};

use crate::claim::{
    AttemptReport, Conclusion, ConnectionWindow, End, Head, ReleaseReason, UpstreamWords,
};

#[derive(Serialize, Deserialize)]
pub struct HeadV1<'a> {
    status: u16,
    #[serde(borrow)]
    content_type: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

/// What comes with it is the raw bytes.
#[derive(Serialize, Deserialize)]
pub struct WordsV1<'a>(#[serde(borrow)] HeadV1<'a>);

/// Heard, until.
#[derive(Serialize, Deserialize)]
pub struct ConnectionWindowV1(u64, u64);

/// What was used of each unit, and whether the upstream reported it.
#[derive(Serialize, Deserialize)]
pub struct UsageV1(UnitsV1, SourceV1);

/// Whether the upstream reported it, or in whose words it did if not in the usual ones.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SourceV1 {
    Reported(bool),
    Dialect(DialectV1),
}

struct DialectV1(UsageDialect);

/// Written and read without a map in between: there is one for every chunk.
struct UnitsV1(Units);

struct UnitV1(Unit);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReasonV1 {
    Busy,
    UpstreamFailed,
    Unreachable,
    TimedOut,
    WorkerFailed,
    NoneLeft,
    Draining,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndV1 {
    Complete,
    Rejected { status: u16 },
    Broken,
    TooLarge,
    Silent,
}

#[derive(Serialize, Deserialize)]
pub struct ConclusionV1<'a> {
    end: EndV1,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    attempt: Option<AttemptV1<'a>>,
    /// JSON, as a text.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
pub struct AttemptV1<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    upstream: Option<Cow<'a, str>>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<UsageV1>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    tier: Option<Cow<'a, str>>,
    /// The upstream's own name for the request.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
}

impl<'a> From<&'a Conclusion> for ConclusionV1<'a> {
    fn from(Conclusion { end, attempt, error }: &'a Conclusion) -> Self {
        let error = error.as_deref().map(String::from_utf8_lossy);
        Self { end: (*end).into(), attempt: attempt.as_ref().map(Into::into), error }
    }
}

impl ConclusionV1<'_> {
    pub fn read(self) -> Result<Conclusion, serde_json::Error> {
        let attempt = self.attempt.map(AttemptV1::read).transpose()?;
        let error = self.error.map(|error| error.into_owned().into());
        Ok(Conclusion { end: self.end.into(), attempt, error })
    }
}

impl<'a> From<&'a AttemptReport> for AttemptV1<'a> {
    fn from(report: &'a AttemptReport) -> Self {
        let AttemptReport { upstream, outcome, usage, service_tier, upstream_request_id } = report;
        Self {
            upstream: upstream.as_ref().map(|upstream| upstream.to_string().into()),
            outcome: outcome.as_str().into(),
            u: usage.as_ref().map(Into::into),
            tier: service_tier.as_ref().map(|tier| tier.as_str().into()),
            id: upstream_request_id.as_deref().map(Into::into),
        }
    }
}

impl AttemptV1<'_> {
    pub fn read(self) -> Result<AttemptReport, serde_json::Error> {
        let Self { upstream, outcome, u, tier, id } = self;
        let report = AttemptReport {
            upstream: upstream
                .map(|text| text.parse())
                .transpose()
                .map_err(serde_json::Error::custom)?,
            outcome: outcome.parse().map_err(serde_json::Error::custom)?,
            usage: u.map(Into::into),
            service_tier: tier
                .map(|text| text.parse())
                .transpose()
                .map_err(serde_json::Error::custom)?,
            upstream_request_id: id.map(Cow::into_owned),
        };
        Ok(report.bounded())
    }
}

impl<'a> From<&'a Head> for HeadV1<'a> {
    fn from(Head { status, content_type, retry_after_s }: &'a Head) -> Self {
        let content_type = Cow::Borrowed(content_type.as_str());
        Self { status: *status, content_type, retry_after_s: *retry_after_s }
    }
}

impl From<HeadV1<'_>> for Head {
    fn from(HeadV1 { status, content_type, retry_after_s }: HeadV1<'_>) -> Self {
        Self { status, content_type: content_type.into_owned(), retry_after_s }
    }
}

impl<'a> From<&'a UpstreamWords> for WordsV1<'a> {
    fn from(words: &'a UpstreamWords) -> Self {
        let UpstreamWords { status, content_type, retry_after_s, body: _ } = words;
        let content_type = Cow::Borrowed(content_type.as_str());
        Self(HeadV1 { status: *status, content_type, retry_after_s: *retry_after_s })
    }
}

impl WordsV1<'_> {
    pub fn read(self, body: Bytes) -> UpstreamWords {
        let Head { status, content_type, retry_after_s } = self.0.into();
        UpstreamWords { status, content_type, retry_after_s, body }.bounded()
    }
}

impl From<ConnectionWindow> for ConnectionWindowV1 {
    fn from(ConnectionWindow { heard, until }: ConnectionWindow) -> Self {
        Self(heard, until)
    }
}

impl From<ConnectionWindowV1> for ConnectionWindow {
    fn from(ConnectionWindowV1(heard, until): ConnectionWindowV1) -> Self {
        Self { heard, until }
    }
}

impl From<&Usage> for UsageV1 {
    fn from(Usage { units, source, dialect }: &Usage) -> Self {
        let source = match (source, dialect) {
            (Source::Reported, Some(dialect)) => SourceV1::Dialect(DialectV1(dialect.clone())),
            (Source::Reported, None) => SourceV1::Reported(true),
            (Source::Counted, _) => SourceV1::Reported(false),
        };
        Self(UnitsV1(units.clone()), source)
    }
}

impl From<UsageV1> for Usage {
    fn from(UsageV1(UnitsV1(units), source): UsageV1) -> Self {
        let (source, dialect) = match source {
            SourceV1::Reported(true) => (Source::Reported, None),
            SourceV1::Reported(false) => (Source::Counted, None),
            SourceV1::Dialect(DialectV1(dialect)) => (Source::Reported, Some(dialect)),
        };
        Self { units, source, dialect }
    }
}

impl Serialize for DialectV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for DialectV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map(DialectV1).map_err(D::Error::custom)
    }
}

impl Serialize for UnitsV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(unit, count)| (unit.as_str(), count)))
    }
}

impl<'de> Deserialize<'de> for UnitsV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = UnitsV1;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counts of units")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UnitsV1, A::Error> {
                let mut units = Units::default();
                let mut read = 0;
                while let Some((UnitV1(unit), count)) = map.next_entry()? {
                    read += 1;
                    if read > MAX_UNITS {
                        return Err(A::Error::custom("more units than a request can take"));
                    }
                    units.set(unit, count);
                }
                Ok(UnitsV1(units))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

impl<'de> Deserialize<'de> for UnitV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = UnitV1;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a unit")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<UnitV1, E> {
                text.parse().map(UnitV1).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Read)
    }
}

impl From<ReleaseReason> for ReleaseReasonV1 {
    fn from(reason: ReleaseReason) -> Self {
        match reason {
            ReleaseReason::Busy => Self::Busy,
            ReleaseReason::UpstreamFailed => Self::UpstreamFailed,
            ReleaseReason::Unreachable => Self::Unreachable,
            ReleaseReason::TimedOut => Self::TimedOut,
            ReleaseReason::WorkerFailed => Self::WorkerFailed,
            ReleaseReason::NoneLeft => Self::NoneLeft,
            ReleaseReason::Draining => Self::Draining,
        }
    }
}

impl From<ReleaseReasonV1> for ReleaseReason {
    fn from(reason: ReleaseReasonV1) -> Self {
        match reason {
            ReleaseReasonV1::Busy => Self::Busy,
            ReleaseReasonV1::UpstreamFailed => Self::UpstreamFailed,
            ReleaseReasonV1::Unreachable => Self::Unreachable,
            ReleaseReasonV1::TimedOut => Self::TimedOut,
            ReleaseReasonV1::WorkerFailed => Self::WorkerFailed,
            ReleaseReasonV1::NoneLeft => Self::NoneLeft,
            ReleaseReasonV1::Draining => Self::Draining,
        }
    }
}

impl From<End> for EndV1 {
    fn from(end: End) -> Self {
        match end {
            End::Complete => Self::Complete,
            End::Rejected { status } => Self::Rejected { status },
            End::Broken => Self::Broken,
            End::TooLarge => Self::TooLarge,
            End::Silent => Self::Silent,
        }
    }
}

impl From<EndV1> for End {
    fn from(end: EndV1) -> Self {
        match end {
            EndV1::Complete => Self::Complete,
            EndV1::Rejected { status } => Self::Rejected { status },
            EndV1::Broken => Self::Broken,
            EndV1::TooLarge => Self::TooLarge,
            EndV1::Silent => Self::Silent,
        }
    }
}
