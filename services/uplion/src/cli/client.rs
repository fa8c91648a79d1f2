//! The control API as the commands use it: what fails is said in the words of whoever typed the command.

use std::borrow::Cow;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uplion_control_client::{
    self as control_client, ClientOptions, Error, List, ListOptions, Versioned,
};

use super::{endpoint::Endpoint, failure::Failure, output, short_ids, write_options::WriteOptions};

pub struct Client {
    control: control_client::Client,
    endpoint: Endpoint,
}

impl Client {
    pub fn new(endpoint: Endpoint) -> Result<Self, Failure> {
        let options = match &endpoint.key {
            Some(key) => ClientOptions::bearer(key.expose())
                .map_err(|error| Failure::caused(error.to_string(), error))?,
            None => ClientOptions::default(),
        };
        let control = control_client::Client::new(http()?, endpoint.url.clone(), options);
        Ok(Self { control, endpoint })
    }

    /// `path` in segments: names of models have slashes.
    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Failure> {
        let (path, query) = (self.whole(path).await?, self.whole_query(query).await?);
        let path = &segments(&path)[..];
        let answer = self.control.get(path, &query).await;
        answer.map_err(|error| self.failure(error).naming(&named_in(path, &query, &Value::Null)))
    }

    pub async fn post(
        &self,
        options: &WriteOptions,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        let (path, body) = (self.whole(path).await?, self.whole_body(body).await?);
        let path = &segments(&path)[..];
        let answer = self.control.post(path, &body, &options.into()).await;
        answer.map_err(|error| self.failure(error).naming(&named_in(path, &[], &body)))
    }

    /// A command that needs no more than its path, like `revoke`.
    pub async fn action(&self, options: &WriteOptions, path: &[&str]) -> Result<Value, Failure> {
        let path = self.whole(path).await?;
        let path = &segments(&path)[..];
        let answer = self.control.action(path, &options.into()).await;
        answer.map_err(|error| self.failure(error).naming(&named_in(path, &[], &Value::Null)))
    }

    pub async fn put(
        &self,
        options: &WriteOptions,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        let (path, body) = (self.whole(path).await?, self.whole_body(body).await?);
        let path = &segments(&path)[..];
        let answer = self.control.put(path, &body, &options.into()).await;
        answer.map_err(|error| self.failure(error).naming(&named_in(path, &[], &body)))
    }

    pub async fn patch(
        &self,
        options: &WriteOptions,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        let (path, body) = (self.whole(path).await?, self.whole_body(body).await?);
        let path = &segments(&path)[..];
        let answer = self.control.patch(path, &body, &options.into()).await;
        answer.map_err(|error| self.failure(error).naming(&named_in(path, &[], &body)))
    }

    pub async fn delete(&self, options: &WriteOptions, path: &[&str]) -> Result<Value, Failure> {
        let path = self.whole(path).await?;
        let path = &segments(&path)[..];
        let answer = self.control.delete(path, &options.into()).await;
        answer.map_err(|error| self.failure(error).naming(&named_in(path, &[], &Value::Null)))
    }

    /// What is there now, of which a part is to stay: unless a version was named, the write that follows holds only if
    /// nobody else writes in between.
    pub async fn read_to_change(
        &self,
        options: &mut WriteOptions,
        path: &[&str],
    ) -> Result<Value, Failure> {
        let path = self.whole(path).await?;
        let path = &segments(&path)[..];
        let answer = self.control.get_versioned(path, &[]).await;
        let Versioned { value, version } = answer
            .map_err(|error| self.failure(error).naming(&named_in(path, &[], &Value::Null)))?;
        options.if_version = options.if_version.or(version);
        Ok(value)
    }

    /// All of a list, with every change in it that was made before now if that can be had.
    pub async fn list(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Vec<Value>, Failure> {
        self.list_at_most(path, query, u32::MAX).await
    }

    /// So many of them at most.
    pub async fn list_at_most(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        at_most: u32,
    ) -> Result<Vec<Value>, Failure> {
        let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
        let options = ListOptions { at_most, ..ListOptions::default() };
        let List { items, behind } = self.list_as(path, query, &options).await?;
        if let Some(behind) = behind {
            output::note(&format!("the newest changes may be missing: {behind}"));
        }
        Ok(items)
    }

    pub async fn list_as(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        options: &ListOptions,
    ) -> Result<List<Value>, Failure> {
        let (path, query) = (self.whole(path).await?, self.whole_query(query).await?);
        let path = &segments(&path)[..];
        let list = self.control.list(path, &query, options).await;
        list.map_err(|error| self.failure(error).naming(&named_in(path, &query, &Value::Null)))
    }

    async fn whole<'a>(&self, path: &[&'a str]) -> Result<Vec<Cow<'a, str>>, Failure> {
        short_ids::path(&self.control, path).await.map_err(|failed| self.not_whole(failed))
    }

    async fn whole_query<'a>(
        &self,
        query: &[(&'a str, String)],
    ) -> Result<Vec<(&'a str, String)>, Failure> {
        short_ids::query(&self.control, query).await.map_err(|failed| self.not_whole(failed))
    }

    async fn whole_body(&self, body: &Value) -> Result<Value, Failure> {
        short_ids::body(&self.control, body).await.map_err(|failed| self.not_whole(failed))
    }

    fn not_whole(&self, failed: short_ids::Failed) -> Failure {
        match failed {
            short_ids::Failed::Listing(error) => self.failure(error),
            short_ids::Failed::Unclear(failure) => failure,
        }
    }

    fn failure(&self, error: Error) -> Failure {
        match error {
            Error::Unreachable { url, source } => {
                Failure::Unreachable { what: "control", url, source }
            }
            Error::Problem(problem) => {
                let detail = problem.to_string();
                self.refused(problem.status, problem.code, detail)
            }
            Error::NotControl { ref url, status: 404 } => Failure::Local(format!(
                "{url} is not the control API of UPLION: its URL is given without a path, like http://127.0.0.1:8485"
            )),
            Error::NotControl { status, .. } => {
                self.refused(status, String::new(), error.to_string())
            }
            Error::Header { .. } => {
                Failure::Local(format!("{error} (--reason, --idempotency-key)"))
            }
            Error::Url { .. } | Error::Unreadable(_) => Failure::caused(error.to_string(), error),
        }
    }

    fn refused(&self, status: u16, code: String, detail: String) -> Failure {
        match self.endpoint.rejection() {
            Some(sentence) if status == StatusCode::UNAUTHORIZED.as_u16() => {
                Failure::NotSignedIn(sentence)
            }
            Some(_) | None => Failure::Refused { status, code, detail },
        }
    }
}

fn segments<'a>(path: &'a [Cow<'_, str>]) -> Vec<&'a str> {
    path.iter().map(AsRef::as_ref).collect()
}

/// What a call names, each with its kind: one of them may be misspelt.
fn named_in(path: &[&str], query: &[(&str, String)], body: &Value) -> Vec<(String, String)> {
    const NAMES: [&str; 5] = ["project", "user", "owner", "member", "model"];
    let in_path = path.chunks_exact(2).filter(|pair| *pair != ["sessions", "current"]);
    let in_path =
        in_path.map(|pair| (pair[0].trim_end_matches('s').replace('-', " "), pair[1].to_owned()));
    let in_query = query.iter().filter(|(name, _)| NAMES.contains(name));
    let in_query = in_query.map(|(name, value)| ((*name).to_owned(), value.clone()));
    let in_body = NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), body[*name].as_str()?.to_owned())));
    in_path.chain(in_query).chain(in_body).collect()
}

pub fn http() -> Result<reqwest::Client, Failure> {
    control_client::http_builder()
        .build()
        .map_err(|error| Failure::caused("no HTTP client can be made", error))
}

pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::caused("control answered what this version does not understand", error)
    })
}
