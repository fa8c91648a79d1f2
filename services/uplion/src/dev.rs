//! `uplion dev`: a whole installation in one process, ready to answer at the first start.
//!
//! The same gateway, worker, control and projector as anywhere else; only the log lies in a folder, unless a NATS
//! and a Postgres are named.

mod administrator;
mod credentials;
mod discover;
mod greeting;
mod storage;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result};
use poem::Route;
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uplion_control::Control;
use uplion_gateway::Gateway;
use uplion_http::{Readiness, ServeOptions, Startup, operations, serve};
use uplion_log_store::Store;
use uplion_log_transport::Log;
use uplion_projector::Projector;
use uplion_worker::{Worker, demo};

use self::{
    administrator::{Administrator, ModelOffer, OtherUpstreams},
    credentials::Credentials,
};
use crate::{arguments::Dev, connection, roles};

/// What the demonstration model charges, so that there is a bill to look at.
const DEMO_PRICE: (&str, &str) = ("0.10", "0.40");

pub async fn run(arguments: &Dev, stop: CancellationToken) -> Result<()> {
    let listener = roles::bind(arguments.listen)?;
    let address = listener.local_addr()?;
    storage::make(&arguments.data)?;
    let startup = Startup::new();
    let serving =
        tokio::spawn(serve(listener, startup.clone(), ServeOptions::default(), stop.clone()));
    let Some((log, store)) = storage::open(arguments, &startup, &stop).await? else {
        return Ok(());
    };

    let specs = connection::stream_specs(&arguments.streams);
    connection::ensure_streams(log.streams.as_ref(), &specs).await?;
    let mut credentials = credentials::of(&arguments.data, address)?;
    let mut registry = Registry::default();
    let installation = Installation::start(arguments, &credentials, log, store, &mut registry)?;
    let demo =
        TcpListener::bind("127.0.0.1:0").await.context("no port for the demonstration model")?;
    let demo_url = format!("http://{}/v1", demo.local_addr()?);
    let mut jobs = installation.jobs(demo, &stop);

    // Ready means that the credentials can be used; control answers before.
    let prepared = Arc::new(AtomicBool::new(false));
    startup.started(installation.routes(registry, Arc::clone(&prepared)));

    let first = async {
        let models = prepare(arguments, &mut credentials, demo_url).await?;
        prepared.store(true, Ordering::Relaxed);
        greeting::print(&credentials, &models, &arguments.data);
        greeting::hint(&arguments.upstream).await;
        anyhow::Ok(())
    };
    let started = tokio::select! {
        started = first => started,
        () = stop.cancelled() => Ok(()),
    };
    if started.is_err() {
        stop.cancel();
    }
    stop.cancelled().await;
    installation.gateway.drain(roles::DRAIN).await;
    while jobs.join_next().await.is_some() {}
    installation.control.stop().await;
    serving.await.context("the server ended abnormally")?.context("connections cannot be taken")?;
    started
}

struct Installation {
    gateway: Arc<Gateway>,
    worker: Arc<Worker>,
    control: Control,
    projector: Arc<Projector>,
}

impl Installation {
    fn start(
        arguments: &Dev,
        credentials: &Credentials,
        log: Log,
        store: Store,
        registry: &mut Registry,
    ) -> Result<Self> {
        let options = roles::gateway::options(&arguments.streams, &arguments.limits);
        let gateway = Gateway::start(options, log.clone(), Arc::new(roles::now))?;
        gateway.register(registry);
        let worker =
            Worker::start(uplion_worker::Options::registered(), log.clone(), Arc::new(roles::now))?;
        worker.register_metrics(registry);
        let options = uplion_control::Options::new(&credentials.admin_key);
        let control = Control::start(options, log.clone(), store.clone())?;
        control.register(registry);
        let options = uplion_projector::Options::of(roles::lease_holder());
        let projector = Projector::new(options, log, store, roles::now, registry);
        Ok(Self {
            gateway: Arc::new(gateway),
            worker: Arc::new(worker),
            control,
            projector: Arc::new(projector),
        })
    }

    fn jobs(&self, demo: TcpListener, stop: &CancellationToken) -> JoinSet<()> {
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

    fn routes(&self, registry: Registry, prepared: Arc<AtomicBool>) -> impl poem::Endpoint + use<> {
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
        let control = Route::new().nest_no_strip(uplion_control::PATH, self.control.routes());
        operations::beside(operations, control.nest_no_strip("/", self.gateway.routes()))
    }
}

fn is_prepared(prepared: &AtomicBool) -> Result<(), String> {
    match prepared.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err("the first project, key and models are being made".to_owned()),
    }
}

/// What an administrator would do first. Done again at each start, it changes nothing. Returns the models' names.
async fn prepare(
    arguments: &Dev,
    credentials: &mut Credentials,
    demo_url: String,
) -> Result<Vec<String>> {
    let administrator = Administrator::new(credentials)?;
    let project = administrator.create_project().await?;
    let max_in_flight = arguments.max_in_flight;
    let demo = ModelOffer { name: "demo".to_owned(), url: demo_url, max_in_flight };
    administrator.offer(&demo, OtherUpstreams::Go).await?;
    administrator.set_price("demo", DEMO_PRICE.0, DEMO_PRICE.1).await?;
    let mut names = vec![demo.name];
    for url in &arguments.upstream {
        names.extend(offer_models_of(&administrator, url, max_in_flight).await?);
    }
    if let (Some(email), Some(password)) = (&credentials.admin_email, &credentials.admin_password) {
        administrator.register_administrator(email, password).await?;
    }
    if credentials.api_key.is_none() {
        credentials.api_key = Some(administrator.issue_key(&project).await?);
    }
    credentials::write(&arguments.data, credentials)?;
    Ok(names)
}

/// One odd name does not keep the server's other models away.
async fn offer_models_of(
    administrator: &Administrator,
    url: &str,
    max_in_flight: u32,
) -> Result<Vec<String>> {
    let client = reqwest::Client::builder().build()?;
    let url = url.trim_end_matches('/').to_owned();
    let mut offered = Vec::new();
    for name in discover::models_of(&client, &url).await? {
        let offer = ModelOffer { name, url: url.clone(), max_in_flight };
        match administrator.offer(&offer, OtherUpstreams::Stay).await {
            Ok(()) => offered.push(offer.name),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(model = offer.name, error, "dev.model.left_out");
            }
        }
    }
    Ok(offered)
}
