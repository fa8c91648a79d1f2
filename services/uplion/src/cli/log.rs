//! `uplion log tail`

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::{
    answer::{self, Format},
    client::{Client, read},
    failure::Failure,
    place,
};
/// The server answers at once if there is something; this is how long it waits otherwise.
const WAIT_MS: u64 = 20_000;

#[derive(Debug, Clone, Args)]
pub struct Tail {
    /// How many of the newest events to begin with.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    lines: u64,
    /// Begin behind this place of the archive instead; 0 for everything.
    #[arg(long, value_name = "POS", conflicts_with = "lines")]
    after: Option<u64>,
    /// End after what there is.
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    control: place::Control,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Value>,
    next: u64,
}

/// An event at its place in the archive.
#[derive(Debug, Deserialize)]
pub struct Archived {
    pos: u64,
    effective: bool,
    event: CloudEvent,
}

#[derive(Debug, Deserialize)]
struct CloudEvent {
    #[serde(rename = "type")]
    kind: String,
    time: String,
    data: Value,
}

impl Tail {
    pub async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.control.place()?)?;
        let mut after = match self.after {
            Some(after) => after,
            None => head(&client).await?.saturating_sub(self.lines),
        };
        loop {
            let wait = if self.no_follow { 0 } else { WAIT_MS };
            let query = [("after", after.to_string()), ("wait", wait.to_string())];
            let Page { data, next } = read(client.get(&["events"], &query).await?)?;
            if data.is_empty() && self.no_follow {
                return Ok(());
            }
            after = next;
            for event in data {
                self.print(event)?;
            }
        }
    }

    /// JSON: one event a line, so that it can be piped.
    fn print(&self, event: Value) -> Result<(), Failure> {
        if self.format.json {
            return answer::print(&event.to_string());
        }
        answer::print(&read::<Archived>(event)?.told())
    }
}

async fn head(client: &Client) -> Result<u64, Failure> {
    let health = client.get(&["log"], &[]).await?;
    Ok(health["archive"]["head"].as_u64().unwrap_or_default())
}

impl Archived {
    pub fn told(&self) -> String {
        let Self { pos, effective, event } = self;
        let kind = event.kind.trim_start_matches("uplion.");
        let kind = kind.rsplit_once(".v").map_or(kind, |(kind, _)| kind);
        let doubled = if *effective { "" } else { "  (does not count: a repetition)" };
        format!("{pos:>8}  {:<27}  {kind:<24}  {}{doubled}", event.time, told(&event.data))
    }
}

/// `model=llama streamed=true`, objects in braces.
fn told(data: &Value) -> String {
    let Value::Object(fields) = data else { return data.to_string() };
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        Value::Object(_) => format!("{name}={{{}}}", told(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            format!("{name}={value}")
        }
    };
    fields.iter().map(field).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_told_in_one_line() {
        let event: Archived = serde_json::from_value(json!({
            "pos": 7, "effective": true, "stream": "CONTROL", "epoch": 1, "sequence": 3,
            "event": {
                "type": "uplion.project.created.v1", "time": "2026-11-23T08:33:20Z",
                "data": { "name": "physics", "limits": { "a": 1 } },
            },
        }))
        .unwrap();
        assert_eq!(
            event.told(),
            "       7  2026-11-23T08:33:20Z         project.created           limits={a=1} name=physics"
        );
    }
}
