//! Requests to `JetStream`'s API: each has a deadline, and says why it failed.

use std::{fmt, time::Duration};

use async_nats::jetstream::{
    Context, ErrorCode,
    consumer::Config as ConsumerConfig,
    context::ContextBuilder,
    response::Response,
    stream::{Config as StreamConfig, RawMessage},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep, timeout};

use crate::stream::Storage;

const DEADLINE: Duration = Duration::from_secs(5);
const ENSURE_DEADLINE: Duration = Duration::from_secs(10);
const ENSURE_TRY: Duration = Duration::from_secs(2);
const ENSURE_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone)]
pub(super) struct Api(Context);

#[derive(Debug)]
pub(super) enum ApiError {
    Refused {
        code: ErrorCode,
        reason: String,
    },
    /// It may have been done all the same.
    Unreachable(String),
}

/// What we read of a stream's description.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub created: String,
    pub config: StreamConfig,
    pub state: State,
}

/// The same without its settings: it is read ten times a second.
#[derive(Debug, Deserialize)]
pub(super) struct Brief {
    pub created: String,
    /// When it was said, by the server's clock.
    #[serde(default)]
    pub ts: Option<String>,
    pub config: BriefConfig,
    pub state: State,
}

#[derive(Debug, Deserialize)]
pub(super) struct BriefConfig {
    pub max_bytes: i64,
    #[serde(default)]
    pub metadata: std::collections::HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct State {
    pub messages: u64,
    pub bytes: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    /// By subject, if a filter was given.
    #[serde(default)]
    pub subjects: Option<std::collections::HashMap<String, u64>>,
}

/// What is kept for the account, and may be. With tiers, each number of copies has limits of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    #[serde(flatten)]
    pub all: Tier,
    #[serde(default)]
    pub tiers: std::collections::HashMap<String, Tier>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tier {
    #[serde(default)]
    pub storage: u64,
    #[serde(default)]
    pub reserved_storage: u64,
    #[serde(default)]
    pub limits: TierLimits,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct TierLimits {
    /// Below 0: none of its own.
    pub max_storage: i64,
}

#[derive(Debug, Deserialize)]
struct Got {
    message: RawMessage,
}

/// How far a consumer has come.
#[derive(Debug, Deserialize)]
pub(super) struct ConsumerInfo {
    pub delivered: Delivered,
    /// Messages for it that it has not delivered.
    pub num_pending: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Delivered {
    pub consumer_seq: u64,
}

/// A request that says it all by its subject.
#[derive(Serialize)]
struct Nothing {}

/// The rest of an answer, which nobody needs.
#[derive(Deserialize)]
struct Done {}

impl Api {
    pub fn new(client: async_nats::Client) -> Self {
        Self(ContextBuilder::new().timeout(DEADLINE).build(client))
    }

    pub async fn info(&self, stream: &str) -> Result<Brief, ApiError> {
        self.ask(format!("STREAM.INFO.{stream}"), &Nothing {}).await
    }

    /// With the number of messages of each subject that `subjects` matches.
    pub async fn info_of(&self, stream: &str, subjects: &str) -> Result<Brief, ApiError> {
        #[derive(Serialize)]
        struct Of<'a> {
            subjects_filter: &'a str,
        }
        self.ask(format!("STREAM.INFO.{stream}"), &Of { subjects_filter: subjects }).await
    }

    /// Makes the stream, or brings one that is there to what `settle` makes of its settings.
    pub async fn ensure(
        &self,
        new: &StreamConfig,
        settle: impl Fn(&mut StreamConfig),
    ) -> Result<Info, ApiError> {
        let deadline = Instant::now() + ENSURE_DEADLINE;
        loop {
            let tried = timeout(ENSURE_TRY, self.try_ensure(new, &settle)).await;
            let error = match tried {
                Ok(Ok(info)) => return Ok(info),
                // Somebody else is just making it, and not all nodes of a cluster know that already.
                Ok(Err(error)) if error.is(ErrorCode::STREAM_NAME_EXIST) => error,
                Ok(Err(error)) if error.is(ErrorCode::STREAM_NOT_FOUND) => error,
                Ok(Err(error)) => return Err(error),
                // Of several who make it at once, not each is answered.
                Err(_) => ApiError::Unreachable(format!("no answer in {ENSURE_TRY:?}")),
            };
            if Instant::now() >= deadline {
                return Err(error);
            }
            sleep(ENSURE_PAUSE).await;
        }
    }

    async fn try_ensure(
        &self,
        new: &StreamConfig,
        settle: impl Fn(&mut StreamConfig),
    ) -> Result<Info, ApiError> {
        let name = &new.name;
        let mut info: Info = match self.ask(format!("STREAM.INFO.{name}"), &Nothing {}).await {
            Err(error) if error.is(ErrorCode::STREAM_NOT_FOUND) => {
                return self.ask(format!("STREAM.CREATE.{name}"), new).await;
            }
            described => described?,
        };
        let before = info.config.clone();
        settle(&mut info.config);
        if info.config == before {
            return Ok(info);
        }
        self.ask(format!("STREAM.UPDATE.{name}"), &info.config).await
    }

    /// The same stream under other metadata.
    pub async fn set_metadata(
        &self,
        stream: &str,
        key: &str,
        value: String,
    ) -> Result<(), ApiError> {
        let info: Info = self.ask(format!("STREAM.INFO.{stream}"), &Nothing {}).await?;
        let mut config = info.config;
        config.metadata.insert(key.to_owned(), value);
        self.ask(format!("STREAM.UPDATE.{stream}"), &config).await.map(|Done {}| ())
    }

    pub async fn account(&self) -> Result<Account, ApiError> {
        self.ask("INFO".to_owned(), &Nothing {}).await
    }

    pub async fn delete(&self, stream: &str) -> Result<(), ApiError> {
        self.ask(format!("STREAM.DELETE.{stream}"), &Nothing {}).await.map(|Done {}| ())
    }

    /// Drops what is before `sequence`.
    pub async fn purge_before(&self, stream: &str, sequence: u64) -> Result<(), ApiError> {
        #[derive(Serialize)]
        struct Before {
            seq: u64,
        }
        let before = Before { seq: sequence };
        self.ask(format!("STREAM.PURGE.{stream}"), &before).await.map(|Done {}| ())
    }

    /// From the stream's leader.
    pub async fn get(&self, stream: &str, sequence: u64) -> Result<Option<RawMessage>, ApiError> {
        #[derive(Serialize)]
        struct At {
            seq: u64,
        }
        let subject = format!("STREAM.MSG.GET.{stream}");
        match self.ask(subject, &At { seq: sequence }).await {
            Ok(Got { message }) => Ok(Some(message)),
            Err(error) if error.is(ErrorCode::NO_MESSAGE_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the consumer unless it is there with the same settings.
    pub async fn consumer(&self, stream: &str, config: &ConsumerConfig) -> Result<(), ApiError> {
        #[derive(Serialize)]
        struct Create<'a> {
            stream_name: &'a str,
            config: &'a ConsumerConfig,
        }
        let name = config.name.as_deref().unwrap_or_default();
        // The server holds a filter that stands in the subject against what the consumer asks for, and the subject against
        // what this process may.
        let filter = config.filter_subject.as_str();
        let dot = if filter.is_empty() { "" } else { "." };
        let subject = format!("CONSUMER.CREATE.{stream}.{name}{dot}{filter}");
        let create = Create { stream_name: stream, config };
        self.ask(subject, &create).await.map(|Done {}| ())
    }

    pub async fn consumer_info(&self, stream: &str, name: &str) -> Result<ConsumerInfo, ApiError> {
        self.ask(format!("CONSUMER.INFO.{stream}.{name}"), &Nothing {}).await
    }

    async fn ask<P: Serialize, T: DeserializeOwned>(
        &self,
        subject: String,
        payload: &P,
    ) -> Result<T, ApiError> {
        match self.0.request(subject, payload).await {
            Ok(Response::Ok(answer)) => Ok(answer),
            Ok(Response::Err { error }) => {
                Err(ApiError::Refused { code: error.error_code(), reason: error.to_string() })
            }
            Err(error) => Err(ApiError::Unreachable(error.to_string())),
        }
    }
}

impl Account {
    pub fn storage(&self) -> Storage {
        let tiers: Vec<&Tier> =
            if self.tiers.is_empty() { vec![&self.all] } else { self.tiers.values().collect() };
        let limits = tiers.iter().map(|tier| u64::try_from(tier.limits.max_storage).ok());
        Storage {
            used: tiers.iter().map(|tier| tier.storage).sum(),
            reserved: tiers.iter().map(|tier| tier.reserved_storage).sum(),
            max: limits.sum::<Option<u64>>().filter(|max| *max > 0),
            disk: None,
        }
    }
}

/// Storage that was asked for and is not there: of the server, of the account, of the nodes of a cluster, of one stream.
const NO_STORAGE: [u64; 5] = [10_047, 10_002, 10_005, 10_023, 10_122];
/// `JetStream` is off at the server, or for the account.
const SWITCHED_OFF: [u64; 2] = [10_039, 10_076];
/// A cluster without a leader.
const NO_LEADER: [u64; 2] = [10_008, 10_009];

impl ApiError {
    /// It has not so much storage as was asked for.
    pub fn is_short_of_storage(&self) -> bool {
        matches!(self, Self::Refused { code, reason: _ } if NO_STORAGE.contains(&code.0))
    }

    /// Somebody with a majority said so.
    pub fn is_of_a_leader(&self) -> bool {
        matches!(self, Self::Refused { code, reason: _ } if !NO_LEADER.contains(&code.0))
    }

    pub fn is(&self, expected: ErrorCode) -> bool {
        matches!(self, Self::Refused { code, reason: _ } if *code == expected)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, reason } if SWITCHED_OFF.contains(&code.0) => write!(
                f,
                "{reason}: nats-server switches it off when its disk is full, until it is restarted"
            ),
            Self::Refused { code, reason } if NO_LEADER.contains(&code.0) => {
                write!(f, "{reason}: no leader, which needs most of the cluster's nodes")
            }
            Self::Refused { code: _, reason } | Self::Unreachable(reason) => f.write_str(reason),
        }
    }
}
