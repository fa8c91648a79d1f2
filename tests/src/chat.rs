//! A client of the OpenAI API, as simple as one can be: it sends a body, and tells what came back.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Response;
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// What came back: all of it, or as much as came before it broke off.
#[derive(Debug, Clone, Default)]
pub struct ChatResponse {
    pub status: u16,
    /// `X-Request-Id`
    pub request: String,
    pub content_type: String,
    pub retry_after: Option<String>,
    pub body: String,
    /// The connection did not break before the body's end.
    pub unbroken: bool,
    pub first: Option<Duration>,
}

impl Client {
    /// `base` is the server's address without a path.
    pub fn new(http: reqwest::Client, base: &str, key: &str) -> Self {
        Self { http, base: base.to_owned(), key: key.to_owned() }
    }

    /// # Errors
    /// When no head came.
    pub async fn send(&self, question: &Value) -> anyhow::Result<Response> {
        let url = format!("{}/v1/chat/completions", self.base);
        Ok(self.http.post(url).bearer_auth(&self.key).json(question).send().await?)
    }

    /// # Errors
    /// When no head came.
    pub async fn ask(&self, question: &Value) -> anyhow::Result<ChatResponse> {
        Ok(ChatResponse::read(self.send(question).await?).await)
    }

    /// # Errors
    /// When the answer is no list of models.
    pub async fn models(&self) -> anyhow::Result<Vec<String>> {
        let request = self.http.get(format!("{}/v1/models", self.base)).bearer_auth(&self.key);
        let answer = request.send().await?;
        ensure!(answer.status().is_success(), "{}", answer.status());
        let list: Value = answer.json().await?;
        let models = list["data"].as_array().context("a list")?;
        Ok(models.iter().filter_map(|model| Some(model["id"].as_str()?.to_owned())).collect())
    }
}

impl ChatResponse {
    /// To its end, or until it breaks off.
    pub async fn read(mut response: Response) -> Self {
        let header = |name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let mut answer = Self {
            status: response.status().as_u16(),
            request: header("x-request-id").unwrap_or_default(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after"),
            ..Self::default()
        };
        let (began, mut body) = (Instant::now(), Vec::new());
        answer.unbroken = loop {
            match response.chunk().await {
                Ok(Some(part)) => {
                    answer.first.get_or_insert_with(|| began.elapsed());
                    body.extend_from_slice(&part);
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        answer.body = String::from_utf8_lossy(&body).into_owned();
        answer
    }

    pub fn is_stream(&self) -> bool {
        self.content_type.starts_with("text/event-stream")
    }

    /// The client got all of an answer, and can tell.
    pub fn is_whole(&self) -> bool {
        let ended = if self.is_stream() {
            self.is_ended() && self.error().is_null()
        } else {
            self.json()["choices"].is_array()
        };
        self.status == 200 && self.unbroken && ended
    }

    /// Null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    fn is_ended(&self) -> bool {
        let complete = ["\n\n", "\r\n\r\n"].iter().any(|blank| self.body.ends_with(blank));
        complete && self.events().last().is_some_and(|data| data.trim_end() == "[DONE]")
    }

    /// The data of each event of a stream, as far as it stands in one line.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|data| data.strip_prefix(' ').unwrap_or(data))
    }

    /// The pieces of a stream's text, or the whole text as the only one.
    pub fn pieces(&self) -> Vec<String> {
        let text = |content: &Value| content.as_str().map(ToOwned::to_owned);
        if !self.is_stream() {
            return text(&self.json()["choices"][0]["message"]["content"]).into_iter().collect();
        }
        let events = self.events().filter_map(|event| serde_json::from_str::<Value>(event).ok());
        events.filter_map(|event| text(&event["choices"][0]["delta"]["content"])).collect()
    }

    pub fn text(&self) -> String {
        self.pieces().concat()
    }

    /// The error's object, of an answer that is one or of the end of a stream; or null.
    pub fn error(&self) -> Value {
        if !self.is_stream() {
            return self.json()["error"].clone();
        }
        let events = self.events().filter_map(|event| serde_json::from_str::<Value>(event).ok());
        events
            .map(|event| event["error"].clone())
            .find(|error| !error.is_null())
            .unwrap_or_default()
    }

    /// Status, type, code and parameter of an error.
    pub fn refusal(&self) -> String {
        let error = self.error();
        let part = |name| error[name].as_str().unwrap_or("-").to_owned();
        [self.status.to_string(), part("type"), part("code"), part("param")].join(" ")
    }
}
