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
    moment::{Moment, Towards},
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
    /// Begin behind this position instead, as an event was shown with it.
    #[arg(long, value_name = "POSITION", conflicts_with_all = ["lines", "all"])]
    pub after: Option<String>,
    /// Begin with the first event that there is.
    #[arg(long, conflicts_with = "lines")]
    pub all: bool,
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
    /// Not earlier than this, like 2026-11-23T08:00:00Z, or 2026-11-23 where the installation is, or 24h ago as 24h.
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Earlier than this.
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Only of this stream.
    #[arg(long, value_parser = ["TRAFFIC", "CONTROL", "WORKERS"])]
    stream: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<Value>,
    /// None at the end.
    next: Option<String>,
}

impl Events {
    pub async fn run(self) -> Result<(), Failure> {
        let client = Client::new(self.control.endpoint()?)?;
        if self.after.is_some() || self.all {
            return self.go_on(&client, self.after.clone()).await;
        }
        let newest = self.newest(&client, self.lines).await?;
        for event in &newest {
            self.print(event)?;
        }
        if !self.follow {
            return Ok(());
        }
        // Behind what was shown, or behind what there is if nothing was to be shown.
        let shown = match newest.last() {
            Some(event) => Some(event.clone()),
            None => self.newest(&client, 1).await?.pop(),
        };
        let after = shown.map(read::<ArchivedEvent>).transpose()?.map(|event| event.position);
        self.go_on(&client, after).await
    }

    /// To the end of what there was when this was asked for, or for ever.
    async fn go_on(&self, client: &Client, after: Option<String>) -> Result<(), Failure> {
        let last = if self.follow { None } else { Some(self.newest(client, 1).await?.pop()) };
        let mut after = after;
        loop {
            let wait = if self.follow { WAIT_MS } else { 0 };
            let mut query = vec![("wait", wait.to_string())];
            query.extend(after.clone().map(|after| ("after", after)));
            let page = self.page(client, query).await?;
            let next = page.next.clone().or_else(|| after.clone());
            let is_last = |event: &Value| {
                last.as_ref().is_some_and(|last| last.as_ref().is_none_or(|last| last == event))
            };
            let ended = page.data.iter().any(is_last) || (page.data.is_empty() && next == after);
            for event in &page.data {
                self.print(event)?;
            }
            if ended && !self.follow {
                return Ok(());
            }
            after = next;
        }
    }

    /// The oldest of them first.
    async fn newest(&self, client: &Client, at_most: usize) -> Result<Vec<Value>, Failure> {
        let mut newest = Vec::new();
        let mut before = None;
        while let left @ 1.. = at_most.saturating_sub(newest.len()) {
            let mut query =
                vec![("order", "newest".to_owned()), ("limit", left.min(MOST).to_string())];
            query.extend(before.map(|before| ("after", before)));
            let Page { data, next } = self.page(client, query).await?;
            newest.extend(data);
            before = next;
            if before.is_none() {
                break;
            }
        }
        newest.reverse();
        Ok(newest)
    }

    async fn page(
        &self,
        client: &Client,
        mut query: Vec<(&'static str, String)>,
    ) -> Result<Page, Failure> {
        query.extend(self.filter.query(client).await?);
        read(client.get(&["events"], &query).await?)
    }

    /// JSON: one event a line, so that it can be piped.
    fn print(&self, event: &Value) -> Result<(), Failure> {
        if self.format.json {
            return output::print(&output::escaped(&event.to_string()));
        }
        output::print(&read::<ArchivedEvent>(event.clone())?.line())
    }
}

impl Filter {
    async fn query(&self, client: &Client) -> Result<Vec<(&'static str, String)>, Failure> {
        let Self { kind, id, actor, event_type, from, to, stream } = self.clone();
        Ok(params::query([
            ("kind", kind.map(|kind| kind.as_str().to_owned())),
            ("id", id),
            ("actor", actor),
            ("type", event_type),
            ("from", Moment::maybe(from.as_ref(), client, Towards::Past).await?),
            ("to", Moment::maybe(to.as_ref(), client, Towards::Past).await?),
            ("stream", stream),
        ]))
    }
}
