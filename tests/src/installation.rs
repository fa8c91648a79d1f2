//! A whole installation as separate processes: gateways, workers, projector and control on one NATS and one Postgres.

mod administrator;
mod customer;
mod ledger;

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use anyhow::{bail, ensure};
use futures::future::try_join_all;
use tokio::sync::OnceCell;

pub use self::{
    administrator::Administrator,
    customer::{Customer, INPUT_NANOS, OUTPUT_NANOS, price},
    ledger::{Billed, Ledger, Settlement},
};
use crate::{
    nats, postgres,
    process::{self, Process},
    uplion::{self, Role, Uplion},
    wait,
};

/// What the first administrator of every installation under test shows.
pub const ADMIN_KEY: &str = "adm-tests-3f1c2f6d5be94a3d";

/// What is to be started.
#[derive(Debug, Clone)]
pub struct Plan {
    pub gateways: usize,
    pub workers: usize,
    /// Three: a cluster that syncs before it acknowledges.
    pub replicas: u8,
    pub deadline: Duration,
    /// More flags of every gateway.
    pub gateway: Vec<(&'static str, String)>,
    /// Variables of every role.
    pub environment: Vec<(String, String)>,
    /// Of its own: they may be killed and stopped. Otherwise those that all tests of the process share.
    pub own_servers: bool,
    /// Of a NATS server of its own.
    pub sync_interval: nats::SyncInterval,
    pub postgres: postgres::Version,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            gateways: 2,
            workers: 3,
            replicas: 1,
            deadline: Duration::from_mins(10),
            gateway: Vec::new(),
            environment: Vec::new(),
            own_servers: false,
            sync_interval: nats::SyncInterval::Default,
            postgres: postgres::Version::V15,
        }
    }
}

/// A server of this test alone, or one that all tests of the process share.
#[derive(Debug)]
pub enum OwnOrShared<T: 'static> {
    Own(T),
    Shared(&'static T),
}

impl<T> Deref for OwnOrShared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Own(own) => own,
            Self::Shared(shared) => shared,
        }
    }
}

#[derive(Debug)]
pub enum Broker {
    One(OwnOrShared<nats::Server>),
    Three(Box<OwnOrShared<nats::Cluster>>),
}

// The roles first: they are to end before what they depend on.
#[derive(Debug)]
pub struct Installation {
    pub gateways: Vec<Uplion>,
    pub workers: Vec<Uplion>,
    pub projector: Uplion,
    pub control: Uplion,
    pub broker: Broker,
    pub postgres: OwnOrShared<postgres::Server>,
    pub database_url: String,
    pub nats_url: String,
}

/// For what a crowd has left behind to be archived while the processes come back from their faults.
const CAUGHT_UP: Duration = Duration::from_secs(90);

impl Installation {
    /// # Errors
    /// When a process does not become ready.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        process::raise_open_files();
        let (broker, postgres) = servers(&plan).await?;
        let nats_url = match &broker {
            Broker::One(server) => server.account(),
            Broker::Three(cluster) => cluster.account(),
        };
        let database_url = postgres.database().await?;
        let on_nats = |role: &str| {
            let set = |role: Role, (name, value): &(String, String)| role.env(name, value);
            let role = plan.environment.iter().fold(Role::new(role), set);
            role.option("--nats-url", &nats_url)
                .option("--nats-replicas", plan.replicas.to_string())
                .option("--deadline-seconds", plan.deadline.as_secs().to_string())
        };
        let on_both = |role: &str| on_nats(role).option("--database-url", &database_url);
        let gateway = || {
            let flags = plan.gateway.iter();
            flags.fold(on_nats("gateway"), |role, (flag, value)| role.option(flag, value))
        };
        let control = on_both("control").env("UPLION_ADMIN_KEY", ADMIN_KEY).launch()?;
        let projector = on_both("projector").launch()?;
        let gateways: Vec<Uplion> =
            (0..plan.gateways).map(|_| gateway().launch()).collect::<anyhow::Result<_>>()?;
        let workers: Vec<Uplion> =
            (0..plan.workers).map(|_| on_nats("worker").launch()).collect::<anyhow::Result<_>>()?;
        let installation = Self {
            gateways,
            workers,
            projector,
            control,
            broker,
            postgres,
            database_url,
            nats_url,
        };
        installation.ready().await?;
        Ok(installation)
    }

    /// The one installation, of two gateways and three workers, that this process's tests share.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Installation> = OnceCell::const_new();
        let started = async || Self::start(Plan::default()).await.expect("an installation");
        SHARED.get_or_init(started).await
    }

    /// # Errors
    /// When a process does not become ready.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let all = self.gateways.iter().chain(&self.workers);
        try_join_all(all.chain([&self.projector, &self.control]).map(Uplion::ready)).await?;
        Ok(())
    }

    pub fn admin(&self) -> Administrator {
        Administrator::new(self.control.url(), ADMIN_KEY)
    }

    /// # Errors
    /// When Postgres refuses.
    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        Ledger::connect(&self.database_url).await
    }

    /// What the archive and the projections say once they hold everything that has happened by now.
    ///
    /// # Errors
    /// When they do not get there.
    pub async fn settled(&self) -> anyhow::Result<Ledger> {
        let admin = self.admin();
        let complete = wait::until(CAUGHT_UP, "everything to be archived", async || {
            admin.usage(&[("wait", "2000")]).await.is_ok_and(|usage| usage["complete"] == true)
        });
        if let Err(late) = complete.await {
            let usage = admin.usage(&[("wait", "0")]).await;
            let ended = self.processes().filter(|process| process.process().exited().is_some());
            let ended: Vec<String> = ended.map(Uplion::output).collect();
            bail!("{late}: {:?}; ended: {ended:?}", usage.map(|usage| usage["missing"].clone()));
        }
        let ledger = self.ledger().await?;
        ledger.projected().await?;
        let marked = ledger.marked().await?;
        ensure!(marked.is_empty(), "charges that a person should look at: {marked:?}");
        Ok(ledger)
    }

    /// Archiving goes on with the streams that there are now, as a person decides.
    ///
    /// # Errors
    /// When `uplion log epoch` refuses.
    pub async fn begin_epoch(&self) -> anyhow::Result<()> {
        let Self { nats_url, database_url, .. } = self;
        let epoch = ["log", "epoch", "--nats-url", nats_url, "--database-url", database_url];
        let told = self.command(&epoch).await?;
        ensure!(told.status.success(), "{told:?}");
        Ok(())
    }

    /// Runs a command as an administrator of this installation.
    ///
    /// # Errors
    /// When the binary is not there.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<uplion::CommandOutput> {
        let (url, database) = (self.control.url(), self.database_url.as_str());
        let environment = [
            ("UPLION_URL", url.as_str()),
            ("UPLION_ADMIN_KEY", ADMIN_KEY),
            ("UPLION_LOG_KEY", uplion::LOG_KEY),
            ("UPLION_DATABASE_URL", database),
        ];
        uplion::run(arguments, &environment).await
    }

    pub fn processes(&self) -> impl Iterator<Item = &Uplion> {
        let all = self.gateways.iter().chain(&self.workers);
        all.chain([&self.projector, &self.control])
    }

    /// Each process, of the servers too, by its name: `gateway`, `gateway-2`, `nats-server-1` …
    pub fn pids(&self) -> BTreeMap<String, u32> {
        let numbered = |name: &'static str, number: usize| match number {
            0 => name.to_owned(),
            _ => format!("{name}-{}", number + 1),
        };
        let roles = |name, all: &[Uplion]| -> Vec<(String, Option<u32>)> {
            let pids = all.iter().map(|role| role.process().pid()).enumerate();
            pids.map(|(number, pid)| (numbered(name, number), pid)).collect()
        };
        let alone = |name: &str, process: &Process| (name.to_owned(), process.pid());
        let mut all = [roles("gateway", &self.gateways), roles("worker", &self.workers)].concat();
        all.push(alone("projector", self.projector.process()));
        all.push(alone("control", self.control.process()));
        all.push(alone("postgres", self.postgres.process()));
        match &self.broker {
            Broker::One(server) => all.push(alone("nats-server", server.process())),
            Broker::Three(cluster) => all.extend((0..3).map(|number| {
                let name = format!("nats-server-{}", number + 1);
                alone(&name, cluster.node(number).process())
            })),
        }
        all.into_iter().filter_map(|(name, pid)| Some((name, pid?))).collect()
    }
}

impl Broker {
    /// Where each node tells how it is.
    pub fn monitor_urls(&self) -> Vec<String> {
        match self {
            Self::One(server) => vec![server.monitor_url()],
            Self::Three(cluster) => (0..3).map(|n| cluster.node(n).monitor_url()).collect(),
        }
    }
}

async fn servers(plan: &Plan) -> anyhow::Result<(Broker, OwnOrShared<postgres::Server>)> {
    let postgres = if plan.own_servers {
        OwnOrShared::Own(postgres::Server::start(plan.postgres).await?)
    } else {
        OwnOrShared::Shared(postgres::Server::shared(plan.postgres).await)
    };
    let broker = if plan.replicas > 1 {
        Broker::Three(Box::new(OwnOrShared::Shared(nats::Cluster::shared().await)))
    } else if plan.own_servers {
        let server = nats::Server::start(plan.sync_interval).await?;
        Broker::One(OwnOrShared::Own(server))
    } else {
        Broker::One(OwnOrShared::Shared(nats::Server::shared().await))
    };
    Ok((broker, postgres))
}
