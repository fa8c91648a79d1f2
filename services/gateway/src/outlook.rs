//! Whether anybody will come for the requests of a model, as presence and the catalog tell it.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{counter::Counter, family::Family, gauge::ConstGauge},
    registry::Registry,
};
use tokio::sync::watch;
use uplion_domain::{ModelName, subject::Filter};
use uplion_log_transport::{
    message::Messages,
    presence::{self, Service, View, Watcher},
};

use crate::live_catalog::LiveCatalog;

pub struct Outlook {
    workers: Watcher,
    catalog: Arc<LiveCatalog>,
    turned_away: Family<UnservedLabels, Counter>,
}

/// Why nobody will come for the requests of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unserved {
    /// It has upstreams, and no worker that calls them.
    NoWorker,
    /// Its workers were to bring a server of their own, and none does.
    NoUpstream,
    UpstreamsDown,
}

/// Models come from the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnservedLabels {
    model: String,
    why: &'static str,
}

impl Unserved {
    /// For the client: what an administrator must do is not its business.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoWorker => "no worker serves it at the moment",
            Self::NoUpstream => "no server is registered for it, and no worker brings one",
            Self::UpstreamsDown => "none of its servers is up at the moment",
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::NoWorker => "no_worker",
            Self::NoUpstream => "no_upstream",
            Self::UpstreamsDown => "upstreams_down",
        }
    }
}

impl Outlook {
    pub fn follow(messages: Arc<dyn Messages>, catalog: Arc<LiveCatalog>) -> Self {
        let workers = Watcher::start(messages, Filter::PresenceOfWorkers);
        Self { workers, catalog, turned_away: Family::default() }
    }

    /// Why nobody will come for a request of `model`; none if somebody may, as far as is known.
    pub fn unserved(&self, model: &ModelName) -> Option<Unserved> {
        self.not_served(model).filter(|why| !self.is_given_time(model, *why))
    }

    /// Whether a model that nobody serves now is given the time to be taken up.
    pub fn gives_time(&self) -> bool {
        let given = |model: &ModelName| {
            self.not_served(model).is_some_and(|why| self.is_given_time(model, why))
        };
        self.models().iter().any(given)
    }

    /// Why nobody says that it serves it.
    fn not_served(&self, model: &ModelName) -> Option<Unserved> {
        let why = match self.workers.ask(|view| view.service(model)) {
            Service::Served { workers: _ } | Service::Unknown => return None,
            Service::Unserved(why) => why,
        };
        let registered = self.catalog.ask(|catalog| !catalog.upstreams(model).is_empty());
        Some(match (why, registered) {
            (presence::Unserved::UpstreamsDown, _) => Unserved::UpstreamsDown,
            (presence::Unserved::NoWorker, Ok(false)) => Unserved::NoUpstream,
            (presence::Unserved::NoWorker, _) => Unserved::NoWorker,
        })
    }

    /// Workers hear of a change when this gateway does, and say a moment later what they make of it: one that has much
    /// to do, somewhat later. Where there is no worker nobody will.
    fn is_given_time(&self, model: &ModelName, why: Unserved) -> bool {
        let Some(changed_ago) = self.catalog.changed_ago(model) else { return false };
        let within = match why {
            Unserved::NoWorker => presence::SETTLED_AGAIN_AFTER,
            Unserved::NoUpstream | Unserved::UpstreamsDown => presence::SETTLED_AFTER,
        };
        changed_ago < within && self.workers.ask(View::has_workers)
    }

    fn models(&self) -> Vec<ModelName> {
        let names = |catalog: &uplion_projections::Catalog| {
            catalog.models().map(|model| model.name.clone()).collect()
        };
        self.catalog.ask(names).unwrap_or_default()
    }

    /// A request of it was told so.
    pub fn count(&self, model: &ModelName, why: Unserved) {
        let labels = UnservedLabels { model: model.to_string(), why: why.as_str() };
        self.turned_away.get_or_create(&labels).inc();
    }

    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.register(
            "uplion_gateway_model_unavailable",
            "requests whose model nobody served, admitted or not",
            self.turned_away.clone(),
        );
        registry.register_collector(Box::new(WorkerGauges(Arc::clone(self))));
    }

    /// Of which registered models that is so now.
    pub fn all_unserved(&self) -> Vec<(ModelName, Unserved)> {
        let unserved = |model: ModelName| self.unserved(&model).map(|why| (model, why));
        self.models().into_iter().filter_map(unserved).collect()
    }

    /// Told whenever a model may be served that was not, or the other way round.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.workers.changes()
    }
}

/// Who serves at the moment of asking.
struct WorkerGauges(Arc<Outlook>);

impl fmt::Debug for WorkerGauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerGauges")
    }
}

impl Collector for WorkerGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Self(outlook) = self;
        let models = outlook.models();
        let (counts, ignored) = outlook.workers.ask(|view| {
            let count = |model: &ModelName| match view.service(model) {
                Service::Served { workers } => workers,
                Service::Unserved(_) | Service::Unknown => 0,
            };
            (models.iter().map(count).collect::<Vec<_>>(), view.ignored())
        });
        let help = "workers that take tickets of the model, with an upstream that is not down";
        let kind = ConstGauge::new(0_i64).metric_type();
        let mut family =
            encoder.encode_descriptor("uplion_gateway_model_workers", help, None, kind)?;
        for (model, count) in models.iter().zip(counts) {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(family.encode_family(&[("model", model.as_str())])?)?;
        }
        let help = "messages of presence that could not be read, or were one too many";
        let gauge = ConstGauge::new(i64::try_from(ignored).unwrap_or(i64::MAX));
        let name = "uplion_gateway_presence_ignored";
        gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
    }
}
