//! All roles of an installation in one process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Result;
use poem::{Endpoint, Request, Response};
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uplion_control::Control;
use uplion_gateway::{EndUserKey, Gateway};
use uplion_http::{Readiness, operations};
use uplion_log_store::Store;
use uplion_log_transport::Log;
use uplion_projector::Projector;
use uplion_worker::{Worker, demo};

use super::{credentials::Credentials, flags::Dev};
use crate::{clock, roles};

pub struct Installation {
    pub gateway: Arc<Gateway>,
    worker: Arc<Worker>,
    pub control: Control,
    projector: Arc<Projector>,
}

impl Installation {
    pub fn start(
        flags: &Dev,
        credentials: &Credentials,
        log: Log,
        store: Store,
        registry: &mut Registry,
    ) -> Result<Self> {
        let options = uplion_gateway::Options {
            end_user_key: credentials.end_user_key.as_deref().map(EndUserKey::new),
            ..roles::gateway::options(&flags.streams, &flags.limits, &flags.pages)
        };
        let gateway = Gateway::start(options, log.clone(), Arc::new(clock::now))?;
        gateway.register(registry);
        let worker =
            Worker::start(uplion_worker::Options::registered(), log.clone(), Arc::new(clock::now))?;
        worker.register_metrics(registry);
        let options = uplion_control::Options {
            plan: flags.founding.plan(),
            allowed_origins: flags.pages.allowed_origins.clone(),
            ..uplion_control::Options::new(&credentials.admin_key)
        };
        let control = Control::start(options, log.clone(), store.clone())?;
        control.register(registry);
        let options = uplion_projector::Options::of(roles::lease_holder());
        let projector = Projector::new(options, log, store, clock::now, registry);
        Ok(Self {
            gateway: Arc::new(gateway),
            worker: Arc::new(worker),
            control,
            projector: Arc::new(projector),
        })
    }

    /// What runs until `stop`.
    pub fn jobs(&self, demo: TcpListener, stop: &CancellationToken) -> JoinSet<()> {
        let mut jobs = JoinSet::new();
        let (worker, projector) = (Arc::clone(&self.worker), Arc::clone(&self.projector));
        let (for_worker, for_projector, for_demo) = (stop.clone(), stop.clone(), stop.clone());
        jobs.spawn(async move {
            if let Err(error) = worker.run(for_worker).await {
                tracing::error!(%error, "dev.worker");
            }
        });
        jobs.spawn(async move { projector.run(for_projector).await });
        jobs.spawn(async move {
            if let Err(error) = demo::serve(demo, for_demo).await {
                tracing::error!(%error, "dev.demo");
            }
        });
        jobs
    }

    pub fn routes(
        &self,
        registry: Registry,
        prepared: Arc<AtomicBool>,
    ) -> impl poem::Endpoint + use<> {
        let (gateway, worker) = (Arc::clone(&self.gateway), Arc::clone(&self.worker));
        let (control, projector) = (self.control.readiness(), self.projector.readiness());
        let ready: [(&str, Readiness); 5] = [
            ("gateway", Arc::new(move || gateway.ready())),
            ("worker", roles::worker::readiness(worker)),
            ("control", Arc::new(move || control.ready())),
            ("projector", Arc::new(move || projector.ready())),
            ("dev", Arc::new(move || is_prepared(&prepared))),
        ];
        let operations = operations::routes(registry, operations::all(ready.into()));
        let own =
            ControlAndGateway { control: self.control.routes(), gateway: self.gateway.routes() };
        operations::beside(operations, own)
    }
}

/// What begins with control's path is control's, everything else the gateway's: whichever it is answers in its own words
/// whatever is wrong with a path, where a router would in its own.
struct ControlAndGateway<C, G> {
    control: C,
    gateway: G,
}

impl<C, G> Endpoint for ControlAndGateway<C, G>
where
    C: Endpoint<Output = Response>,
    G: Endpoint<Output = Response>,
{
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let below = request.uri().path().strip_prefix(uplion_control::PATH);
        if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            self.control.call(request).await
        } else {
            self.gateway.call(request).await
        }
    }
}

fn is_prepared(prepared: &AtomicBool) -> Result<(), String> {
    if prepared.load(Ordering::Relaxed) {
        Ok(())
    } else {
        Err("the first project, key and models are being made".to_owned())
    }
}
