//! The implementations under test.

use std::sync::Arc;

use uplion_log_store::sqlite;
use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    nats::{Nats, NatsOptions},
};
use uplion_tests::{
    nats::{Cluster, Server},
    scratch,
};

/// A log that nobody else uses.
pub enum Backend {
    InProcess(Log),
    Nats { url: String, replicas: u8 },
}

impl Backend {
    /// Streams in `SQLite` files, the rest in memory.
    pub fn in_process() -> Self {
        let (tasks, messages) = <(InProcessTasks, InProcessMessages)>::default();
        let (_, streams) = sqlite::open(&scratch::folder("streams").unwrap()).unwrap();
        Self::InProcess(Log {
            streams,
            tasks: Arc::new(tasks),
            messages: Arc::new(messages),
            keys: None,
        })
    }

    pub async fn one_server() -> Self {
        Self::Nats { url: Server::shared().await.account(), replicas: 1 }
    }

    pub async fn three_nodes() -> Self {
        Self::Nats { url: Cluster::shared().await.account(), replicas: 3 }
    }

    /// The log, as another process sees it, if there can be several.
    pub async fn connect(&self) -> Log {
        match self {
            Self::InProcess(log) => log.clone(),
            Self::Nats { url, replicas: _ } => connect(url).await.log(),
        }
    }

    pub const fn replicas(&self) -> u8 {
        match self {
            Self::InProcess(_) => 1,
            Self::Nats { url: _, replicas } => *replicas,
        }
    }
}

pub async fn connect(url: &str) -> Nats {
    let options = NatsOptions { url: url.into(), name: "tests".into(), ..NatsOptions::default() };
    Nats::connect(options).await.unwrap()
}

/// Runs each rule on the implementations that are named.
#[macro_export]
macro_rules! on {
    (@one in_process $rule:ident) => {
        #[tokio::test]
        async fn $rule() {
            super::$rule($crate::backend::Backend::in_process()).await;
        }
    };
    (@one one_server $rule:ident) => {
        #[tokio::test]
        async fn $rule() {
            super::$rule($crate::backend::Backend::one_server().await).await;
        }
    };
    (@one three_nodes $rule:ident) => {
        #[tokio::test]
        async fn $rule() {
            super::$rule($crate::backend::Backend::three_nodes().await).await;
        }
    };
    (@all $backend:ident [$($rule:ident)*]) => {
        mod $backend {
            $($crate::on!(@one $backend $rule);)*
        }
    };
    ($($backend:ident)*: $rules:tt) => {
        $($crate::on!(@all $backend $rules);)*
    };
}
