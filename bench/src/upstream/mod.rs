//! An OpenAI-compatible model server that answers as it is told, and remembers what it delivered.
//!
//! A request carries its script in its body, as the field `mock` or as the text of its last message
//! (`{"mock": {"status": 500}}`): the gateway passes the body on and nothing else. Without one, a script that the test
//! queued with `next` is used, else the server's default. The answer is a function of the messages and the script,
//! so that an answer through the gateway can be compared with one asked for directly, and with nobody else's.

mod answer;
mod deliveries;
mod reply;
mod request;
mod script;
mod service;

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpSocket, task::JoinHandle};

use self::service::Service;
pub use self::{
    deliveries::{Delivery, End, Totals},
    script::Script,
};

/// A running mock upstream; it ends, with its connections, when dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    service: Arc<Service>,
    accepting: JoinHandle<()>,
}

impl Upstream {
    /// On a free port of the loopback device, in the runtime of the caller.
    ///
    /// # Errors
    /// When no port can be had.
    #[expect(clippy::unused_async, reason = "it only works within a runtime")]
    pub async fn start() -> anyhow::Result<Self> {
        Self::listen(([127, 0, 0, 1], 0).into())
    }

    /// # Errors
    /// When the address is taken.
    pub fn listen(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        // Otherwise an endless answer would get megabytes ahead of a client that does not read it.
        socket.set_send_buffer_size(64 << 10)?;
        // A thousand workers' calls may come at once.
        let listener = socket.listen(4_096)?;
        let address = listener.local_addr()?;
        let service = Arc::new(Service::default());
        let accepting = tokio::spawn(service::accept(listener, Arc::clone(&service)));
        Ok(Self { address, service, accepting })
    }

    /// With `/v1`, as an OpenAI client wants it.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For every later request that brings no script and finds none queued.
    pub fn set_default(&self, script: Script) {
        self.service.scripts().default = script;
    }

    /// For the next request that brings no script; one request each, in order.
    pub fn next(&self, script: Script) {
        self.service.scripts().queued.push_back(script);
    }

    /// What `GET /v1/models` lists. Requests for other models are answered too.
    pub fn set_models<Name: Into<String>>(&self, names: impl IntoIterator<Item = Name>) {
        self.service.scripts().models = names.into_iter().map(Into::into).collect();
    }

    /// The latest finished requests, oldest first; at most `deliveries::KEPT`.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.service.records().kept.iter().cloned().collect()
    }

    /// The latest finished requests with this `user` field.
    pub fn deliveries_of(&self, user: &str) -> Vec<Delivery> {
        let records = self.service.records();
        records.kept.iter().filter(|delivery| delivery.user == user).cloned().collect()
    }

    /// Sums over all finished requests.
    pub fn totals(&self) -> Totals {
        self.service.records().totals
    }

    /// Requests that are being answered now.
    pub fn running(&self) -> usize {
        self.service.records().running
    }

    /// Runs until the process ends.
    ///
    /// # Errors
    /// When accepting connections fails.
    pub async fn serve(mut self) -> anyhow::Result<()> {
        Ok((&mut self.accepting).await?)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
