//! An HTTP client of one upstream, which keeps its connections.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{ACCEPT, PROXY_AUTHORIZATION, USER_AGENT},
    response::Parts,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::{
        legacy::{self, Error},
        proxy::matcher::Matcher,
    },
    rt::{TokioExecutor, TokioTimer},
};

use super::connector::Connector;

/// Shorter than servers keep an idle connection (uvicorn: 5 s), or calls would go out on connections that close.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
}

pub struct HttpResponse {
    head: Parts,
    body: Incoming,
}

impl Client {
    /// Sends `headers` with each call, through the proxy that the environment names for such URLs, if any.
    pub fn new(uri: Uri, headers: HeaderMap) -> anyhow::Result<Self> {
        Self::through(&Matcher::from_env(), uri, headers)
    }

    fn through(proxies: &Matcher, uri: Uri, mut headers: HeaderMap) -> anyhow::Result<Self> {
        let (connector, authorization) = Connector::new(&uri, proxies)?;
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let name = HeaderValue::from_static(concat!("uplion/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, name);
        headers.extend(authorization.map(|authorization| (PROXY_AUTHORIZATION, authorization)));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { http, uri, headers })
    }

    pub async fn post(&self, body: Bytes) -> Result<HttpResponse, Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().clone_from(&self.headers);
        let (head, body) = self.http.request(request).await?.into_parts();
        Ok(HttpResponse { head, body })
    }
}

impl HttpResponse {
    pub const fn status(&self) -> StatusCode {
        self.head.status
    }

    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The next bytes of the body; none at its end. Cancel-safe.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };

    use super::*;

    /// What a proxy is request by a call to `url`; it answers with 503.
    async fn request_at_proxy(url: &'static str) -> Vec<String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxies = Matcher::builder().all(format!("http://me:secret@{address}")).build();
        let client = Client::through(&proxies, Uri::from_static(url), HeaderMap::new()).unwrap();
        let calling = tokio::spawn(async move { client.post(Bytes::from_static(b"{}")).await });
        let (socket, _) = listener.accept().await.unwrap();
        let mut lines = BufReader::new(socket).lines();
        let mut request = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty()) {
            request.push(line.to_lowercase());
        }
        let answer = b"HTTP/1.1 503 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        lines.into_inner().write_all(answer).await.unwrap();
        match calling.await.unwrap() {
            Ok(answer) => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
            Err(error) => assert!(error.is_connect()),
        }
        request
    }

    const AUTHORIZATION: &str = "proxy-authorization: basic bwu6c2vjcmv0";

    #[tokio::test]
    async fn a_proxy_is_told_the_whole_url_of_a_plain_upstream() {
        let request = request_at_proxy("http://upstream.test/v1/chat/completions").await;
        assert_eq!(request[0], "post http://upstream.test/v1/chat/completions http/1.1");
        assert!(request.iter().any(|line| line == AUTHORIZATION), "{request:?}");
    }

    #[tokio::test]
    async fn an_encrypted_upstream_is_reached_through_a_tunnel() {
        let request = request_at_proxy("https://upstream.test/v1/chat/completions").await;
        assert_eq!(request[0], "connect upstream.test:443 http/1.1");
        assert!(request.iter().any(|line| line == AUTHORIZATION), "{request:?}");
    }
}
