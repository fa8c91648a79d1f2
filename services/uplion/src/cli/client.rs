//! The control API, as the commands use it.

use std::time::Duration;

use reqwest::{
    Method, RequestBuilder, StatusCode, Url,
    header::{ETAG, HeaderMap},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{failure::Failure, place::Place, writing::Writing};

/// Longer than any wait that a command asks the server for.
const PATIENCE: Duration = Duration::from_mins(1);
const CONNECT: Duration = Duration::from_secs(5);
/// As much as the API gives at once.
const PAGE: usize = 1_000;
const POSITION: &str = "Uplion-Position";

pub struct Client {
    http: reqwest::Client,
    place: Place,
}

/// `application/problem+json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Value>,
    next: Option<String>,
}

/// What a write was answered with.
#[derive(Debug, Clone, Deserialize)]
pub struct Written {
    pub id: String,
}

impl Client {
    pub fn new(place: Place) -> Result<Self, Failure> {
        let http = http()?;
        Ok(Self { http, place })
    }

    /// `path` in segments: names of models have slashes.
    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Failure> {
        let answer = self.send(self.asked(Method::GET, path, query)?).await;
        answer.map_err(|failure| failure.naming(&meant(path, query, &Value::Null)))
    }

    pub async fn post(
        &self,
        writing: &Writing,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        self.write(writing, Method::POST, path, body).await
    }

    /// A command that has nothing to say beside its path.
    pub async fn order(&self, writing: &Writing, path: &[&str]) -> Result<Value, Failure> {
        self.post(writing, path, &json!({})).await
    }

    pub async fn put(
        &self,
        writing: &Writing,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        self.write(writing, Method::PUT, path, body).await
    }

    pub async fn patch(
        &self,
        writing: &Writing,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        self.write(writing, Method::PATCH, path, body).await
    }

    pub async fn delete(&self, writing: &Writing, path: &[&str]) -> Result<Value, Failure> {
        let answer = self.send(writing.said(self.asked(Method::DELETE, path, &[])?)?).await;
        answer.map_err(|failure| failure.naming(&meant(path, &[], &Value::Null)))
    }

    /// What is there now, of which a part is to stay: unless a version was named, the write that follows holds only if
    /// nobody else writes in between.
    pub async fn read_to_change(
        &self,
        writing: &mut Writing,
        path: &[&str],
    ) -> Result<Value, Failure> {
        let answer = self.answered(self.asked(Method::GET, path, &[])?).await;
        let (value, version) =
            answer.map_err(|failure| failure.naming(&meant(path, &[], &Value::Null)))?;
        writing.if_version = writing.if_version.or(version);
        Ok(value)
    }

    async fn write(
        &self,
        writing: &Writing,
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<Value, Failure> {
        let answer = self.send(writing.said(self.asked(method, path, &[])?)?.json(body)).await;
        answer.map_err(|failure| failure.naming(&meant(path, &[], body)))
    }

    /// All of a list, with every change in it that was made before now if that can be had.
    pub async fn list(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Vec<Value>, Failure> {
        self.first(path, query, usize::MAX).await
    }

    /// So many of them at most.
    pub async fn first(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        most: usize,
    ) -> Result<Vec<Value>, Failure> {
        let position = self.newest_change().await;
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", (most - all.len()).clamp(1, PAGE).to_string()));
            query.extend(after.map(|after| ("after", after)));
            let page = match self.page(path, &query, position.as_deref()).await {
                Err(Failure::Refused { code, detail, .. }) if code == "behind" => {
                    super::answer::note(&format!("the newest changes may be missing: {detail}"));
                    self.page(path, &query, None).await?
                }
                page => page?,
            };
            all.extend(page.data);
            after = page.next;
            if after.is_none() || all.len() >= most {
                all.truncate(most);
                return Ok(all);
            }
        }
    }

    async fn page(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        position: Option<&str>,
    ) -> Result<Page, Failure> {
        let mut request = self.asked(Method::GET, path, query)?;
        if let Some(position) = position {
            request = request.header(POSITION, position);
        }
        let page = self.send(request).await;
        read(page.map_err(|failure| failure.naming(&meant(path, query, &Value::Null)))?)
    }

    /// Where CONTROL ends; none if it cannot be told.
    async fn newest_change(&self) -> Option<String> {
        let health = self.get(&["log"], &[]).await.ok()?;
        let streams = health.get("streams")?.as_array()?;
        let control = streams.iter().find(|stream| stream["name"] == "CONTROL")?;
        let (epoch, last) = (control["epoch"].as_u64()?, control["last"].as_u64()?);
        Some(format!("control:{epoch}:{last}"))
    }

    fn asked(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, Failure> {
        let unusable =
            |why: &str| Failure::Unknown(format!("{} is not a URL: {why}", self.place.url));
        let base = format!("{}{}", self.place.url, uplion_control::PATH);
        let mut url = Url::parse(&base).map_err(|error| unusable(&error.to_string()))?;
        url.path_segments_mut().map_err(|()| unusable("it has no path"))?.extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.place.shown(self.http.request(method, url)))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        Ok(self.answered(request).await?.0)
    }

    /// With the version that it is at, if the answer says so.
    async fn answered(&self, request: RequestBuilder) -> Result<(Value, Option<u64>), Failure> {
        let unreachable = |error: &reqwest::Error| Failure::Unreachable {
            what: "control",
            url: self.place.url.clone(),
            why: root(error),
        };
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let version = version(response.headers());
        let body = response.bytes().await.map_err(|error| unreachable(&error))?;
        if status == StatusCode::NO_CONTENT {
            return Ok((Value::Null, version));
        }
        if status.is_success() {
            let value = serde_json::from_slice(&body).map_err(|_| {
                Failure::Here(format!("{} does not answer like a control API", self.place.url))
            })?;
            return Ok((value, version));
        }
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        if status == StatusCode::NOT_FOUND && problem.code.is_empty() {
            return Err(Failure::Here(format!(
                "{} is not the control API of UPLION: its URL is given without a path, like http://127.0.0.1:8485",
                self.place.url
            )));
        }
        if status.as_u16() == 401
            && let Some(sentence) = self.place.not_taken()
        {
            return Err(Failure::NotSignedIn(sentence));
        }
        let detail = match problem.detail.as_str() {
            "" => format!("{} answered {status}: is it the control API of UPLION?", self.place.url),
            detail => detail.to_owned(),
        };
        Err(Failure::Refused { status: status.as_u16(), code: problem.code, detail })
    }
}

/// What of it a person has typed, and may have typed wrongly: its kind and its name.
fn meant(path: &[&str], query: &[(&str, String)], body: &Value) -> Vec<(String, String)> {
    const TYPED: [&str; 5] = ["project", "user", "owner", "member", "model"];
    let in_path = path.chunks_exact(2).filter(|pair| *pair != ["sessions", "current"]);
    let in_path =
        in_path.map(|pair| (pair[0].trim_end_matches('s').replace('-', " "), pair[1].to_owned()));
    let in_query = query.iter().filter(|(name, _)| TYPED.contains(name));
    let in_query = in_query.map(|(name, value)| ((*name).to_owned(), value.clone()));
    let in_body = TYPED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), body[*name].as_str()?.to_owned())));
    in_path.chain(in_query).chain(in_body).collect()
}

/// `ETag: "3"`
fn version(headers: &HeaderMap) -> Option<u64> {
    headers.get(ETAG)?.to_str().ok()?.trim_matches('"').parse().ok()
}

pub fn http() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(PATIENCE)
        // A password or a key is for the place that was named, and for no other.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("uplion/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::Here(error.to_string()))
}

pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::Here(format!("control answered what this version does not understand: {error}"))
    })
}

/// The cause at the bottom: `connection refused` rather than `error sending request`.
pub fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
