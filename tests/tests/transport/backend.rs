//! The implementations under test.

use std::sync::Arc;

use uplion_log_transport::{
    Log,
    in_process::{InProcessMessages, InProcessTasks},
    message::Messages,
    nats::{Nats, NatsOptions},
    task::Tasks,
};
use uplion_tests::nats::{Cluster, Server};

/// A log that nobody else uses.
pub enum Backend {
    InProcess { tasks: Arc<dyn Tasks>, messages: Arc<dyn Messages> },
    Nats { url: String, replicas: u8 },
}

/// Tasks and messages, as one of several processes sees them.
pub struct Talk {
    pub tasks: Arc<dyn Tasks>,
    pub messages: Arc<dyn Messages>,
}

impl Backend {
    pub fn in_process() -> Self {
        let (tasks, messages) = <(InProcessTasks, InProcessMessages)>::default();
        Self::InProcess { tasks: Arc::new(tasks), messages: Arc::new(messages) }
    }

    pub async fn one_server() -> Self {
        Self::Nats { url: Server::shared().await.account(), replicas: 1 }
    }

    pub async fn three_nodes() -> Self {
        Self::Nats { url: Cluster::shared().await.account(), replicas: 3 }
    }

    /// The log, as another process sees it: nothing is shared with those that connected before.
    pub async fn connect(&self) -> Log {
        match self {
            Self::InProcess { .. } => unreachable!("only tasks and messages are kept in memory"),
            Self::Nats { url, replicas: _ } => connect(url).await.log(),
        }
    }

    pub async fn talk(&self) -> Talk {
        match self {
            Self::InProcess { tasks, messages } => {
                Talk { tasks: Arc::clone(tasks), messages: Arc::clone(messages) }
            }
            Self::Nats { .. } => {
                let Log { streams: _, tasks, messages } = self.connect().await;
                Talk { tasks, messages }
            }
        }
    }

    pub const fn replicas(&self) -> u8 {
        match self {
            Self::InProcess { .. } => 1,
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
