//! How connections to an upstream are made: directly, or through a proxy.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{Connected, Connection, HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A connection whose other end is gone without a word is found out by probes so far apart.
const PROBE_EVERY: Duration = Duration::from_secs(15);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Gives up after [`CONNECT_WITHIN`], whether names, TCP, a proxy or TLS took too long.
#[derive(Clone)]
pub struct Connector(HttpsConnector<Route>);

/// What lies below TLS.
#[derive(Clone)]
enum Route {
    Direct(HttpConnector),
    /// Through a proxy that sees nothing but where to.
    Tunnel(Tunnel<HttpConnector>),
    /// To a proxy that reads the request.
    Proxy(HttpConnector, Uri),
}

/// A connection that knows whether it ends at a proxy, which must be told the whole URL.
pub struct ProxyAwareStream {
    io: TokioIo<TcpStream>,
    at_proxy: bool,
}

impl Connector {
    /// For calls to `upstream`; and what the proxy, if there is one that reads requests, wants to be shown.
    pub fn new(upstream: &Uri, proxies: &Matcher) -> anyhow::Result<(Self, Option<HeaderValue>)> {
        let (route, authorization) = Route::to(upstream, proxies)?;
        let tls = ClientConfig::with_platform_verifier().context("certificates to trust")?;
        let https =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Ok((Self(https.wrap_connector(route)), authorization))
    }
}

impl Route {
    fn to(upstream: &Uri, proxies: &Matcher) -> anyhow::Result<(Self, Option<HeaderValue>)> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(PROBE_EVERY));
        let Some(proxy) = proxies.intercept(upstream) else {
            return Ok((Self::Direct(tcp), None));
        };
        let (uri, authorization) = (proxy.uri().clone(), proxy.basic_auth().cloned());
        ensure!(uri.scheme_str() == Some("http"), "proxy {uri}: only HTTP proxies are known");
        if upstream.scheme_str() == Some("http") {
            return Ok((Self::Proxy(tcp, uri), authorization));
        }
        let tunnel = Tunnel::new(uri, tcp);
        Ok((Self::Tunnel(authorization.into_iter().fold(tunnel, Tunnel::with_auth)), None))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<ProxyAwareStream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.0.call(to);
        Box::pin(async move { timeout(CONNECT_WITHIN, connecting).await? })
    }
}

impl Service<Uri> for Route {
    type Response = ProxyAwareStream;
    type Error = BoxError;
    type Future = Connecting<ProxyAwareStream>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(tcp) | Self::Proxy(tcp, _) => tcp.poll_ready(context).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, to: Uri) -> Connecting<ProxyAwareStream> {
        match self {
            Self::Direct(tcp) => connect(tcp.call(to), false),
            Self::Proxy(tcp, proxy) => connect(tcp.call(proxy.clone()), true),
            Self::Tunnel(tunnel) => connect(tunnel.call(to), false),
        }
    }
}

fn connect<E: Into<BoxError>>(
    connecting: impl Future<Output = Result<TokioIo<TcpStream>, E>> + Send + 'static,
    at_proxy: bool,
) -> Connecting<ProxyAwareStream> {
    Box::pin(async move {
        let io = connecting.await.map_err(Into::into)?;
        Ok(ProxyAwareStream { io, at_proxy })
    })
}

impl Connection for ProxyAwareStream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.at_proxy)
    }
}

impl Read for ProxyAwareStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for ProxyAwareStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
