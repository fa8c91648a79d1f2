//! `uplion dev`: a whole installation in one process, ready to answer at the first start.
//!
//! The same gateway, worker, control and projector as anywhere else; only the log lies in a folder, unless a NATS
//! and a Postgres are named.

mod administrator;
mod credentials;
mod discover;
mod greeting;
mod place;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use poem::Route;
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uplion_control::Control;
use uplion_gateway::{Gateway, ServeOptions, serve};
use uplion_log_store::Store;
use uplion_log_transport::Log;
use uplion_projector::Projector;
use uplion_worker::{Worker, demo};

use self::{
    administrator::{Administrator, Offer},
    credentials::Credentials,
};
use crate::{
    arguments::Dev,
    connection,
    operations::{self, Readiness, Stage},
    roles,
};

/// What the demonstration model charges, so that there is a bill to look at.
const DEMO_PRICE: (&str, &str) = ("0.10", "0.40");

pub async fn run(arguments: &Dev, stop: CancellationToken) -> Result<()> {
    let listener = roles::bind(arguments.listen)?;
    let address = listener.local_addr()?;
    place::make(&arguments.data)?;
    let stage = Stage::new();
    let serving =
        tokio::spawn(serve(listener, stage.clone(), ServeOptions::default(), stop.clone()));
    let Some((log, store)) = place::open(arguments, &stage, &stop).await? else { return Ok(()) };

    let specs = connection::stream_specs(&arguments.streams);
    connection::ensure_streams(log.streams.as_ref(), &specs).await?;
    let mut credentials = credentials::of(&arguments.data, address)?;
    let mut registry = Registry::default();
    let installation = Installation::start(arguments, &credentials, log, store, &mut registry)?;
    let demo =
        TcpListener::bind("127.0.0.1:0").await.context("no port for the demonstration model")?;
    let demo_url = format!("http://{}/v1", demo.local_addr()?);
    let mut jobs = installation.jobs(demo, &stop);

    let first = async {
        let models = installation.prepare(arguments, &mut credentials, demo_url).await?;
        // Ready means that the credentials can be used.
        stage.enter(installation.routes(registry));
        greeting::print(&credentials, &models, &arguments.data);
        greeting::hint(&arguments.upstream).await;
        anyhow::Ok(())
    };
    let prepared = tokio::select! {
        prepared = first => prepared,
        () = stop.cancelled() => Ok(()),
    };
    if prepared.is_err() {
        stop.cancel();
    }
    stop.cancelled().await;
    installation.gateway.drain(roles::DRAIN).await;
    while jobs.join_next().await.is_some() {}
    installation.control.stop().await;
    serving.await.context("the server ended abnormally")?.context("connections cannot be taken")?;
    prepared
}

struct Installation {
    gateway: Arc<Gateway>,
    worker: Arc<Worker>,
    control: Control,
    projector: Arc<Projector>,
    admin_key: String,
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
        let worker = Worker::start(uplion_worker::Options::registered(), log.clone())?;
        worker.register_metrics(registry);
        let options = uplion_control::Options::new(&credentials.admin_key);
        let control = Control::start(options, log.clone(), store.clone())?;
        control.register(registry);
        let options = uplion_projector::Options::of(roles::holder());
        let projector = Projector::new(options, log, store, roles::now, registry);
        let admin_key = credentials.admin_key.clone();
        Ok(Self {
            gateway: Arc::new(gateway),
            worker: Arc::new(worker),
            control,
            projector: Arc::new(projector),
            admin_key,
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

    fn routes(&self, registry: Registry) -> impl poem::Endpoint + use<> {
        let (gateway, worker) = (Arc::clone(&self.gateway), Arc::clone(&self.worker));
        let (control, projector) = (self.control.readiness(), self.projector.readiness());
        let ready: [(&str, Readiness); 4] = [
            ("gateway", Arc::new(move || gateway.ready())),
            ("worker", roles::worker::readiness(worker)),
            ("control", Arc::new(move || control.ready())),
            ("projector", Arc::new(move || projector.ready())),
        ];
        let operations = operations::routes(registry, operations::all(ready.into()));
        let control = Route::new().nest_no_strip(uplion_control::PATH, self.control.routes());
        operations::beside(operations, control.nest_no_strip("/", self.gateway.routes()))
    }

    /// What an administrator would do first. Done again at each start, it changes nothing. Returns the models' names.
    async fn prepare(
        &self,
        arguments: &Dev,
        credentials: &mut Credentials,
        demo_url: String,
    ) -> Result<Vec<String>> {
        let administrator = Administrator::new(self.control.routes(), &self.admin_key);
        let project = administrator.project().await?;
        let demo = Offer {
            name: "demo".to_owned(),
            url: demo_url,
            max_in_flight: arguments.max_in_flight,
        };
        administrator.offer(&demo, true).await?;
        administrator.price("demo", DEMO_PRICE.0, DEMO_PRICE.1).await?;
        let mut names = vec![demo.name];
        let client = reqwest::Client::builder().build()?;
        for url in &arguments.upstream {
            let url = url.trim_end_matches('/').to_owned();
            for name in discover::models_of(&client, &url).await? {
                let offer =
                    Offer { name, url: url.clone(), max_in_flight: arguments.max_in_flight };
                match administrator.offer(&offer, false).await {
                    Ok(()) => names.push(offer.name),
                    // One odd name must not keep the server's other models away.
                    Err(error) => {
                        tracing::warn!(
                            model = offer.name,
                            error = format!("{error:#}"),
                            "dev.model.left_out"
                        );
                    }
                }
            }
        }
        if let (Some(email), Some(password)) =
            (&credentials.admin_email, &credentials.admin_password)
        {
            administrator.person(email, password).await?;
        }
        if credentials.api_key.is_none() {
            credentials.api_key = Some(administrator.key(&project).await?);
        }
        credentials::write(&arguments.data, credentials)?;
        Ok(names)
    }
}
