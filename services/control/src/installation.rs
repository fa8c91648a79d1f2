//! The installation: founded by control at its first start, and from then on for ever of one currency and time zone.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use uplion_domain::{
    Envelope, Event, InstallationId, Timestamp,
    cloud_event::Source,
    installation::{self, Command, Currency, Installation, Terms, ZoneName},
    subject::AggregateId,
};
use uplion_log_store::event_store::{EventStore, Scope, THE_INSTALLATION};
use uuid::Uuid;

use crate::{
    caller::{Actor, Caller},
    origin::Origin,
    permissions::Role,
    problem::Problem,
    write::{WriteContext, Writer},
};

const DEFAULT_CURRENCY: &str = "USD";

/// What an operator asks for. None: whatever it was founded with, or the default.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub currency: Option<Currency>,
    pub time_zone: Option<ZoneName>,
}

#[derive(Debug, Clone)]
pub struct Founded {
    pub id: InstallationId,
    pub terms: Terms,
    pub at: Timestamp,
}

/// Why an installation is not, or not seen to be, as it is planned.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// For ever: the plan has to change.
    #[error("{0}")]
    Otherwise(String),
    /// What it takes is away or refuses: worth another try.
    #[error("the installation could not be founded: {0}")]
    NotNow(String),
}

impl From<Problem> for FoundError {
    fn from(problem: Problem) -> Self {
        Self::NotNow(problem.detail().to_owned())
    }
}

/// Looks the installation up once: it never changes.
#[derive(Clone)]
pub struct Foundation {
    events: Arc<dyn EventStore>,
    plan: Plan,
    founded: Arc<OnceLock<Founded>>,
}

impl Foundation {
    pub fn new(events: Arc<dyn EventStore>, plan: Plan) -> Self {
        Self { events, plan, founded: Arc::default() }
    }

    /// None before it was founded.
    pub async fn current(&self) -> Result<Option<Founded>, Problem> {
        if let Some(founded) = self.founded.get() {
            return Ok(Some(founded.clone()));
        }
        let holder = self.events.holder(Scope::Installation, THE_INSTALLATION).await?;
        let Some(aggregate @ AggregateId::Installation(id)) = holder else { return Ok(None) };
        let history = self.events.history(&aggregate).await?;
        let Some(first) = history.first() else { return Ok(None) };
        let envelope = Envelope::decode(&first.event).map_err(Problem::unreadable)?;
        let Event::Installation(_, event) = envelope.event else { return Ok(None) };
        let installation::Event::Founded { currency, minor_digits, time_zone, at } = event;
        let terms = Terms { currency, minor_digits, time_zone };
        Ok(Some(self.founded.get_or_init(|| Founded { id, terms, at }).clone()))
    }

    /// That every amount is in.
    pub async fn currency(&self) -> Result<Currency, Problem> {
        let founded = self.current().await?;
        Ok(founded.map_or_else(|| self.plan.terms().currency, |founded| founded.terms.currency))
    }

    /// As `CloudEvents` name where they come from.
    pub async fn source(&self) -> Result<Source, Problem> {
        Ok(self.current().await?.map(|founded| founded.id).into())
    }

    /// Founds it unless that was done before. Several controls may start at once: one of them does it.
    pub async fn found(&self, writer: &Writer) -> Result<(), FoundError> {
        if self.agreed().await? {
            return Ok(());
        }
        let Terms { currency, minor_digits, time_zone } = self.plan.terms();
        let found =
            |at| Command::Found { currency, minor_digits, time_zone: time_zone.clone(), at };
        let id = InstallationId::new(Uuid::now_v7());
        let context = WriteContext::of(founder());
        match writer.at_once().execute::<Installation>(&id, &context, found).await {
            Ok(_) => {
                tracing::info!(
                    installation.id = %id,
                    currency = %currency,
                    time_zone = %time_zone,
                    "control.installation.founded"
                );
                Ok(())
            }
            Err(Problem::Conflict(_)) if self.agreed().await? => Ok(()),
            Err(problem) => Err(problem.into()),
        }
    }

    /// Whether it is founded as it is planned. An error if it is founded otherwise.
    async fn agreed(&self) -> Result<bool, FoundError> {
        let Some(Founded { terms, .. }) = self.current().await? else { return Ok(false) };
        if let Some(currency) = self.plan.currency.filter(|currency| *currency != terms.currency) {
            return Err(FoundError::Otherwise(format!(
                "the installation's currency is {} and cannot change to {currency}: every amount on its log is in {}",
                terms.currency, terms.currency
            )));
        }
        let time_zone = self.plan.time_zone.as_ref().filter(|zone| **zone != terms.time_zone);
        if let Some(time_zone) = time_zone {
            return Err(FoundError::Otherwise(format!(
                "the installation's time zone is {} and cannot change to {time_zone}: its hours of usage begin there",
                terms.time_zone
            )));
        }
        Ok(true)
    }
}

impl Plan {
    fn terms(&self) -> Terms {
        let default = || DEFAULT_CURRENCY.parse().expect("it is a code of ISO 4217");
        let currency: Currency = self.currency.unwrap_or_else(default);
        Terms {
            currency,
            minor_digits: currency.minor_digits(),
            time_zone: self.time_zone.clone().unwrap_or_else(ZoneName::utc),
        }
    }
}

/// Whoever started control holds its first admin key.
fn founder() -> Caller {
    Caller {
        actor: Actor::Installation,
        everywhere: Some(Role::Admin),
        projects: BTreeMap::new(),
        session: None,
        origin: Origin::default(),
    }
}
