//! `uplion chat`: one question to a model, its answer printed as it comes.

use std::io::{IsTerminal as _, Read as _, Write as _, stdin, stdout};

use clap::Args;
use futures::StreamExt as _;
use reqwest::Response;
use serde_json::{Value, json};
use uplion_protocol::{
    endpoint::{PieceKind, chat_completions::Chunk},
    error::UpstreamError,
    sse::{self, Framer, Payload},
};

use super::{
    client,
    endpoint::{self, Endpoint},
    failure::Failure,
    output,
    table::shown::printable_lines,
};

/// Bytes of one event of the stream.
const LONGEST_EVENT: usize = 16 << 20;

#[derive(Debug, Clone, Args)]
pub struct Chat {
    /// By its name or an alias; by default the one that `uplion dev` names when it starts, else the first that the key
    /// may use.
    #[arg(long, short)]
    model: Option<String>,
    /// The question; without it, standard input.
    text: Vec<String>,
    #[command(flatten)]
    gateway: endpoint::GatewayArgs,
    #[command(flatten)]
    folder: endpoint::DataFolder,
}

impl Chat {
    pub async fn run(self) -> Result<(), Failure> {
        let endpoint = self.gateway.endpoint(&self.folder)?;
        let http = client::http()?;
        let question = question(&self.text)?;
        let model = match self.model {
            Some(model) => model,
            None => usual_model(&http, &endpoint, self.gateway.model(&self.folder)?).await?,
        };
        let body = json!({
            "model": model, "stream": true, "messages": [{ "role": "user", "content": question }],
        });
        let answered = endpoint.authorize(http.post(format!("{}/chat/completions", endpoint.url)));
        let response = accepted(answered.json(&body).send().await, &endpoint).await?;
        print(response, &endpoint).await
    }
}

fn question(words: &[String]) -> Result<String, Failure> {
    if !words.is_empty() {
        return Ok(words.join(" "));
    }
    if stdin().is_terminal() {
        output::note("type your question; it ends with Ctrl-D on a line of its own");
    }
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::Local(
            "nothing was answered: give the question as an argument or on standard input".into(),
        ));
    }
    Ok(text.to_owned())
}

async fn usual_model(
    http: &reqwest::Client,
    endpoint: &Endpoint,
    named: Option<String>,
) -> Result<String, Failure> {
    let answered = endpoint.authorize(http.get(format!("{}/models", endpoint.url))).send().await;
    let body: Value = accepted(answered, endpoint)
        .await?
        .json()
        .await
        .map_err(|error| unreachable(error, endpoint))?;
    let models: Vec<&str> = body["data"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["id"].as_str())
        .collect();
    let named = models.iter().find(|model| named.as_deref() == Some(**model));
    match named.or(models.first()) {
        Some(model) => Ok((*model).to_owned()),
        None => Err(Failure::Local(
            "this key may use no model: `uplion model create NAME --upstream URL` registers one"
                .into(),
        )),
    }
}

/// The response if it is one; what the gateway says otherwise.
async fn accepted(
    answered: reqwest::Result<Response>,
    endpoint: &Endpoint,
) -> Result<Response, Failure> {
    let response = answered.map_err(|error| unreachable(error, endpoint))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let error_field = |field: &str| body["error"][field].as_str().map(ToOwned::to_owned);
    if status.as_u16() == 401
        && let Some(sentence) = endpoint.rejection()
    {
        return Err(Failure::NotSignedIn(sentence));
    }
    let detail = error_field("message").unwrap_or_else(|| {
        format!("{} answered {status}: is it an OpenAI-compatible API?", endpoint.url)
    });
    Err(Failure::Refused {
        status: status.as_u16(),
        code: error_field("code").unwrap_or_default(),
        detail,
    })
}

fn unreachable(source: reqwest::Error, endpoint: &Endpoint) -> Failure {
    Failure::Unreachable { what: "the gateway", url: endpoint.url.clone(), source }
}

async fn print(response: Response, endpoint: &Endpoint) -> Result<(), Failure> {
    let mut framer = Framer::new(LONGEST_EVENT);
    let mut reads = response.bytes_stream();
    let mut ended = false;
    while let Some(read) = reads.next().await {
        let read = read.map_err(|error| unreachable(error, endpoint))?;
        let run = framer
            .feed(read)
            .map_err(|error| Failure::caused("the answer cannot be read", error))?;
        if let Some(run) = run {
            ended |= show(&run)?;
        }
    }
    if let Some(rest) = framer.finish() {
        ended |= show(&rest)?;
    }
    writeln!(stdout())?;
    if ended { Ok(()) } else { Err(Failure::Local("the answer broke off before its end".into())) }
}

/// Whether the stream is at its end.
fn show(run: &[u8]) -> Result<bool, Failure> {
    let mut out = stdout();
    for event in sse::events(run) {
        let json = match event.payload {
            Payload::Nothing => continue,
            Payload::Done => return Ok(true),
            Payload::Error(data) | Payload::Bare(data) => {
                return Err(Failure::Local(UpstreamError::of_event(&data).message));
            }
            Payload::Data(json) => json,
        };
        if let Some(error) = UpstreamError::of_answer(&json) {
            return Err(Failure::Local(error.message));
        }
        let chunk = Chunk::read(&json)
            .map_err(|_| Failure::Local("the gateway sent what is no part of an answer".into()))?;
        for piece in chunk.pieces.iter().filter(|piece| piece.kind == PieceKind::Content) {
            // At a terminal nothing of an answer is obeyed; whoever pipes it gets it as it came.
            if out.is_terminal() {
                out.write_all(printable_lines(&piece.text).as_bytes())?;
            } else {
                out.write_all(piece.text.as_bytes())?;
            }
        }
        out.flush()?;
    }
    Ok(false)
}
