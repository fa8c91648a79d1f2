//! Three nodes that replicate their streams and sync them before they acknowledge, as in production.

use futures::future;
use tokio::sync::OnceCell;

use super::{Accounts, Server, SyncInterval, config::Routes};
use crate::{http, port::Port, wait};

#[derive(Debug)]
pub struct Cluster {
    nodes: [Server; 3],
    accounts: Accounts,
    _routes: [Port; 3],
}

impl Cluster {
    /// # Errors
    /// When the nodes do not find each other or elect no leader.
    pub async fn start() -> anyhow::Result<Self> {
        Self::launch(None).await
    }

    /// Whose nodes let in whom these lines of their configuration say.
    ///
    /// # Errors
    /// When the nodes do not find each other or elect no leader.
    pub async fn with_access(access: &str) -> anyhow::Result<Self> {
        Self::launch(Some(access)).await
    }

    async fn launch(access: Option<&str>) -> anyhow::Result<Self> {
        let ports = [Port::reserve()?, Port::reserve()?, Port::reserve()?];
        let all: Vec<u16> = ports.iter().map(Port::number).collect();
        let node = |n: usize| {
            let routes = Routes { own: all[n], all: all.clone() };
            Server::launch(&format!("n{}", n + 1), SyncInterval::Always, Some(&routes), access)
        };
        let nodes = [node(0)?, node(1)?, node(2)?];
        let cluster = Self { nodes, accounts: Accounts::default(), _routes: ports };
        cluster.ready().await?;
        Ok(cluster)
    }

    /// The one cluster that this process's tests share.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_init(async || Self::start().await.expect("three nats-servers")).await
    }

    /// All nodes are healthy, and one of them leads.
    ///
    /// # Errors
    /// When that does not come about.
    pub async fn ready(&self) -> anyhow::Result<()> {
        future::try_join_all(self.nodes.iter().map(Server::ready)).await?;
        wait::until(wait::PATIENCE, "a leader of three nodes", async || {
            self.leader().await.is_some()
        })
        .await
    }

    pub fn node(&self, n: usize) -> &Server {
        &self.nodes[n]
    }

    /// The node that leads the cluster's metadata, if it can be asked.
    pub async fn leader(&self) -> Option<&Server> {
        for node in &self.nodes {
            let Some(body) = http::probe(&format!("{}/jsz", node.monitor_url())).await else {
                continue;
            };
            let body: serde_json::Value = serde_json::from_str(&body).ok()?;
            let meta = &body["meta_cluster"];
            if meta["cluster_size"] == 3
                && let Some(leader) = meta["leader"].as_str()
            {
                let n: usize = leader.strip_prefix('n')?.parse().ok()?;
                return self.nodes.get(n.checked_sub(1)?);
            }
        }
        None
    }

    /// All nodes, comma-separated, with the credentials of account 0.
    pub fn url(&self) -> String {
        self.nodes.each_ref().map(Server::url).join(",")
    }

    /// All nodes, with the credentials of an account that nobody had before.
    pub fn account(&self) -> String {
        let account = self.accounts.take();
        self.nodes.each_ref().map(|node| node.url_of(account)).join(",")
    }

    /// Nodes by account: the same account at each node alone.
    pub fn account_by_node(&self) -> [String; 3] {
        let account = self.accounts.take();
        self.nodes.each_ref().map(|node| node.url_of(account))
    }
}
