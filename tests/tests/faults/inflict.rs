//! Does what was planned, to real processes.

use std::{
    fmt,
    time::{Duration, Instant},
};

use tokio::time::sleep;
use uplion_tests::{
    installation::{Broker, Installation},
    nats, postgres,
    uplion::Uplion,
};

use crate::plan::{Act, Fault, Target};

/// What was done, and when.
#[derive(Debug, Clone, Copy)]
pub struct Inflicted {
    pub at: Duration,
    pub fault: Fault,
}

/// One after the other; each is mended before the next.
pub async fn inflict(
    installation: &Installation,
    faults: Vec<Fault>,
    began: Instant,
) -> Vec<Inflicted> {
    let mut inflicted = Vec::with_capacity(faults.len());
    for fault in faults {
        sleep(fault.pause).await;
        inflicted.push(Inflicted { at: began.elapsed(), fault });
        eprintln!("{}", inflicted.last().unwrap());
        let victim = victim(installation, &fault);
        match fault.act {
            Act::Kill(down) => {
                victim.kill();
                sleep(down).await;
                victim.restart().await.unwrap();
            }
            Act::Stop(long) => {
                victim.stop();
                sleep(long).await;
                victim.cont();
            }
        }
    }
    inflicted
}

enum Victim<'a> {
    Role(&'a Uplion),
    Nats(&'a nats::Server),
    Postgres(&'a postgres::Server),
}

fn victim<'a>(installation: &'a Installation, fault: &Fault) -> Victim<'a> {
    let one_of = |roles: &'a [Uplion]| Victim::Role(&roles[fault.which % roles.len()]);
    match fault.target {
        Target::Worker => one_of(&installation.workers),
        Target::Gateway => one_of(&installation.gateways),
        Target::Projector => Victim::Role(&installation.projector),
        Target::Control => Victim::Role(&installation.control),
        Target::Postgres => Victim::Postgres(&installation.postgres),
        Target::NatsServer => match &installation.broker {
            Broker::One(server) => Victim::Nats(server),
            Broker::Three(cluster) => Victim::Nats(cluster.node(fault.which % 3)),
        },
    }
}

impl Victim<'_> {
    fn kill(&self) {
        match self {
            Self::Role(role) => role.kill(),
            Self::Nats(server) => server.kill(),
            Self::Postgres(server) => server.kill(),
        }
    }

    async fn restart(&self) -> anyhow::Result<()> {
        match self {
            // Not until it is ready: what it depends on may be down itself.
            Self::Role(role) => role.process().start_again(),
            Self::Nats(server) => server.restart().await,
            Self::Postgres(server) => server.restart().await,
        }
    }

    fn stop(&self) {
        match self {
            Self::Role(role) => role.stop(),
            Self::Nats(server) => server.stop(),
            Self::Postgres(server) => server.stop(),
        }
    }

    fn cont(&self) {
        match self {
            Self::Role(role) => role.cont(),
            Self::Nats(server) => server.cont(),
            Self::Postgres(server) => server.cont(),
        }
    }
}

impl fmt::Display for Inflicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { target, which, act, pause: _ } = self.fault;
        let act = match act {
            Act::Kill(down) => format!("kill -9, down for {} ms", down.as_millis()),
            Act::Stop(long) => format!("SIGSTOP for {} s", long.as_secs()),
        };
        write!(f, "{:6.1} s  {target:?} ({which})  {act}", self.at.as_secs_f64())
    }
}
