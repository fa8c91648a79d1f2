//! What may happen in an installation, and what it means: aggregates, events, rating, money.
//!
//! Pure: no runtime, driver, clock or random number. Times and ids come in from outside.

pub mod admin_key;
pub mod aggregate;
pub mod api_key;
pub mod budget;
pub mod cloud_event;
pub mod cut;
pub mod digest;
pub mod event;
pub mod id;
pub mod installation;
pub mod limits;
pub mod model;
pub mod money;
pub mod name;
pub mod outcome;
pub mod price;
pub mod project;
pub mod rating;
pub mod request;
pub mod session;
pub mod spec;
pub mod subject;
pub mod time;
pub mod usage;
pub mod user;
pub mod wire;
pub mod word;
pub mod worker;

pub use aggregate::Aggregate;
pub use budget::Budget;
pub use cut::Cut;
pub use digest::{EndUserDigest, KeyDigest};
pub use event::{Envelope, Event};
pub use id::{
    AdminKeyId, ClaimId, EventId, GatewayId, InstallationId, KeyId, PriceId, ProcessId, ProjectId,
    RequestId, SessionId, UserId, WorkerId,
};
pub use limits::Limits;
pub use model::ModelName;
pub use money::Nanos;
pub use rating::Rates;
pub use request::Operation;
pub use time::Timestamp;
pub use usage::{Unit, Usage};
