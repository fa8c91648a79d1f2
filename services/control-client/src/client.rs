//! The client: one installation, one credential.

use std::time::Duration;

use reqwest::{ClientBuilder, Method, RequestBuilder, header::HeaderValue};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    Error, WriteOptions,
    path::join,
    request::{self, Reply},
};

/// Longer than any wait that a call asks the server for.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) options: ClientOptions,
}

#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// Shown as a bearer token.
    pub credential: Option<HeaderValue>,
    /// How often a call is repeated that control could not carry out just now. A write is repeated only under an
    /// idempotency key.
    pub retries: u32,
}

/// What was read, and the version that it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    pub value: T,
    pub version: Option<u64>,
}

/// Follows no redirect: a credential is for the host that was named, and for no other.
pub fn http_builder() -> ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("uplion/", env!("CARGO_PKG_VERSION")))
}

impl ClientOptions {
    /// # Errors
    /// If no header can hold it.
    pub fn bearer(token: &str) -> Result<Self, Error> {
        let mut credential = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|source| Error::Header { header: "the credential", source })?;
        credential.set_sensitive(true);
        Ok(Self { credential: Some(credential), retries: 0 })
    }
}

impl Client {
    /// `url` as [`crate::base_url`] spells it.
    pub const fn new(http: reqwest::Client, url: String, options: ClientOptions) -> Self {
        Self { http, url, options }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// `path` in segments.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Error> {
        Ok(self.get_versioned(path, query).await?.value)
    }

    /// For a write that is to hold only if nobody else writes in between.
    pub async fn get_versioned<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Versioned<T>, Error> {
        let Reply { body, version } = self.send(self.request(Method::GET, path, query)?).await?;
        Ok(Versioned { value: request::parse(&body)?, version })
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
        options: &WriteOptions,
    ) -> Result<T, Error> {
        self.write(Method::POST, path, body, options).await
    }

    /// A command that needs no more than its path, like `revoke`.
    pub async fn action<T: DeserializeOwned>(
        &self,
        path: &[&str],
        options: &WriteOptions,
    ) -> Result<T, Error> {
        self.post(path, &json!({}), options).await
    }

    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
        options: &WriteOptions,
    ) -> Result<T, Error> {
        self.write(Method::PUT, path, body, options).await
    }

    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
        options: &WriteOptions,
    ) -> Result<T, Error> {
        self.write(Method::PATCH, path, body, options).await
    }

    pub async fn delete<T: DeserializeOwned>(
        &self,
        path: &[&str],
        options: &WriteOptions,
    ) -> Result<T, Error> {
        let request = options.apply_to(self.request(Method::DELETE, path, &[])?)?;
        request::parse(&self.send(request).await?.body)
    }

    async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
        options: &WriteOptions,
    ) -> Result<T, Error> {
        let request = options.apply_to(self.request(method, path, &[])?)?.json(body);
        request::parse(&self.send(request).await?.body)
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, Error> {
        let request = self.http.request(method, join(&self.url, path, query)?);
        Ok(match &self.options.credential {
            Some(credential) => request.header(reqwest::header::AUTHORIZATION, credential.clone()),
            None => request,
        })
    }
}
