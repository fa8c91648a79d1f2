//! `uplion events`

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::{
    answer::{self, Format},
    archived::Archived,
    client::{Client, read},
    failure::Failure,
    place,
};

/// The server answers at once if there is something; this is how long it waits otherwise.
const WAIT_MS: u64 = 20_000;

#[derive(Debug, Clone, Args)]
pub struct Events {
    /// How many of the newest events to begin with.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    pub lines: u64,
    /// Begin behind this place of the archive instead; 0 for everything.
    #[arg(long, value_name = "POS", conflicts_with = "lines")]
    pub after: Option<u64>,
    /// Go on with those to come.
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub control: place::Control,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Value>,
    next: u64,
}

impl Events {
    pub async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.control.place()?)?;
        let mut after = match self.after {
            Some(after) => after,
            None => head(&client).await?.saturating_sub(self.lines),
        };
        loop {
            let wait = if self.follow { WAIT_MS } else { 0 };
            let query = [("after", after.to_string()), ("wait", wait.to_string())];
            let Page { data, next } = read(client.get(&["events"], &query).await?)?;
            if data.is_empty() && !self.follow {
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
