//! `uplion events`

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::{
    archived_event::ArchivedEvent,
    changes::Kind,
    client::{Client, read},
    endpoint,
    failure::Failure,
    output::{self, Format},
    params,
};

/// The server answers at once if there is something; this is how long it waits otherwise.
const WAIT_MS: u64 = 20_000;
/// As many as the API gives at once.
const MOST: usize = 1_000;

#[derive(Debug, Clone, Args)]
pub struct Events {
    /// How many of the newest events to begin with.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    pub lines: usize,
    /// Begin behind this place of the archive instead; 0 for everything.
    #[arg(long, value_name = "POS", conflicts_with = "lines")]
    pub after: Option<u64>,
    #[command(flatten)]
    pub filter: Filter,
    /// Go on with those to come.
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub control: endpoint::ControlArgs,
    #[command(flatten)]
    pub format: Format,
}

/// Which events.
#[derive(Debug, Clone, Default, Args)]
pub struct Filter {
    /// Only of things of this kind.
    #[arg(long)]
    kind: Option<Kind>,
    /// Only of this one thing of the kind.
    #[arg(long, requires = "kind")]
    id: Option<String>,
    /// Only what this user or admin key did, by id; admin is the installation's first admin key.
    #[arg(long)]
    actor: Option<String>,
    /// Only of types that begin so: `uplion.api_key.`
    #[arg(long = "type", value_name = "BEGIN")]
    event_type: Option<String>,
    /// Not earlier than this: 2026-11-23T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Earlier than this.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only of this stream.
    #[arg(long, value_parser = ["TRAFFIC", "CONTROL"])]
    stream: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Value>,
    next: Option<u64>,
}

impl Events {
    pub async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.control.endpoint()?)?;
        let head = head(&client).await?;
        let mut after = if let Some(after) = self.after {
            after
        } else {
            for event in self.newest(&client, head).await? {
                self.print(event)?;
            }
            if !self.follow {
                return Ok(());
            }
            head
        };
        loop {
            let wait = if self.follow { WAIT_MS } else { 0 };
            let asked = [("after", after.to_string()), ("wait", wait.to_string())];
            let Page { data, next } = self.page(&client, asked.to_vec()).await?;
            let next = next.unwrap_or(after);
            // Not until nothing more happens: there may always be more.
            let last = next >= head || (data.is_empty() && next == after);
            after = next;
            for event in data {
                self.print(event)?;
            }
            if last && !self.follow {
                return Ok(());
            }
        }
    }

    /// Up to the head, the oldest of them first.
    async fn newest(&self, client: &Client, head: u64) -> Result<Vec<Value>, Failure> {
        let mut newest = Vec::new();
        let mut before = Some(head + 1);
        while let (Some(endpoint), left @ 1..) = (before, self.lines.saturating_sub(newest.len())) {
            let asked = [
                ("order", "newest".to_owned()),
                ("after", endpoint.to_string()),
                ("limit", left.min(MOST).to_string()),
            ];
            let Page { data, next } = self.page(client, asked.to_vec()).await?;
            newest.extend(data);
            before = next;
        }
        newest.reverse();
        Ok(newest)
    }

    async fn page(
        &self,
        client: &Client,
        mut asked: Vec<(&'static str, String)>,
    ) -> Result<Page, Failure> {
        asked.extend(self.filter.query());
        read(client.get(&["events"], &asked).await?)
    }

    /// JSON: one event a line, so that it can be piped.
    fn print(&self, event: Value) -> Result<(), Failure> {
        if self.format.json {
            return output::print(&event.to_string());
        }
        output::print(&read::<ArchivedEvent>(event)?.line())
    }
}

impl Filter {
    fn query(&self) -> Vec<(&'static str, String)> {
        let Self { kind, id, actor, event_type, from, to, stream } = self.clone();
        params::query([
            ("kind", kind.map(|kind| kind.as_str().to_owned())),
            ("id", id),
            ("actor", actor),
            ("type", event_type),
            ("from", from),
            ("to", to),
            ("stream", stream),
        ])
    }
}

async fn head(client: &Client) -> Result<u64, Failure> {
    let health = client.get(&["log"], &[]).await?;
    Ok(health["archive"]["head"].as_u64().unwrap_or_default())
}
