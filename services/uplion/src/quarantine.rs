//! `uplion log quarantine`: what lay on the log and was none of ours.

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uplion_domain::Timestamp;
use uplion_log_store::{
    Store,
    quarantine::{Place, Quarantine as Messages, Quarantined},
};
use uplion_log_transport::{
    log_key::LogKeys,
    stream::{Entry, RawMessage, Record, StreamName, Streams, reading::Reading},
};

use crate::{cli::printable as shown, flags::Maintenance, maintenance, say::say};

/// Messages asked for at once.
const PAGE: usize = 500;

/// Messages on the log that are not signed by who may write there, or cannot be read. The archive goes on behind them.
#[derive(Debug, Clone, Args)]
pub struct Quarantine {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Shows where they lay and why they were set aside, the oldest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100, value_name = "N")]
        most: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        on: Box<Maintenance>,
    },
    /// Shows one of them whole.
    Show {
        /// As the list shows it: TRAFFIC:1:17
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        on: Box<Maintenance>,
    },
    /// Reads them again, with the keys and the version of now, and takes into the archive what proves to be ours.
    Retry(Chosen),
    /// Forgets them.
    Dismiss(Chosen),
}

#[derive(Debug, Clone, Args)]
struct Chosen {
    /// As the list shows them: TRAFFIC:1:17
    #[arg(required_unless_present = "all", value_name = "PLACE")]
    places: Vec<Place>,
    /// All that there are.
    #[arg(long, conflicts_with = "places")]
    all: bool,
    #[command(flatten)]
    on: Maintenance,
}

pub async fn run(arguments: Quarantine) -> Result<()> {
    match arguments.act {
        Act::List { most, json, on } => list(&*store(&on).await?.quarantine, most, json).await,
        Act::Show { place, json, on } => show(&*store(&on).await?.quarantine, place, json).await,
        Act::Retry(chosen) => retry(&chosen).await,
        Act::Dismiss(chosen) => {
            let store = store(&chosen.on).await?;
            for place in chosen.places(&*store.quarantine).await? {
                if store.quarantine.dismiss(place).await? {
                    say!("{place} is dismissed");
                } else {
                    bail!(not_there(place));
                }
            }
            Ok(())
        }
    }
}

async fn store(on: &Maintenance) -> Result<Store> {
    maintenance::store(on).await
}

async fn list(messages: &dyn Messages, most: usize, as_json: bool) -> Result<()> {
    let found = messages.list(None, most).await?;
    if as_json {
        let found: Vec<Value> = found.iter().map(|it| described(it, None)).collect();
        say!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    for message in &found {
        let Quarantined { place, appended_at, reason, subject, bytes, .. } = message;
        let (subject, reason) = (shown(subject), shown(reason));
        say!("{place}  {appended_at}  {subject}  {bytes} bytes: {reason}");
    }
    let mut kept = 0;
    for stream in StreamName::ALL {
        kept += messages.count(stream).await?.kept;
    }
    match kept.saturating_sub(found.len() as u64) {
        0 if kept == 0 => say!("no message is set aside"),
        0 => {}
        more => say!("and {more} more: --most"),
    }
    Ok(())
}

async fn show(messages: &dyn Messages, place: Place, as_json: bool) -> Result<()> {
    let found = messages.get(place).await?.with_context(|| not_there(place))?;
    let described = described(&found, found.message.as_ref());
    if as_json {
        say!("{}", serde_json::to_string_pretty(&described)?);
        return Ok(());
    }
    let Quarantined { place, appended_at, reason, subject, bytes, message } = found;
    say!("place:        {place}\nappended:     {appended_at}\nsubject:      {}", shown(&subject));
    say!("why:          {}\nbytes:        {bytes}", shown(&reason));
    let Some(RawMessage { headers, payload, subject: _ }) = message else {
        say!("there was no room to keep it: the stream has it for about a day after it came");
        return Ok(());
    };
    for (name, value) in &headers {
        say!("header:       {}: {}", shown(name), shown(value));
    }
    say!("payload:      {}", shown(&String::from_utf8_lossy(&payload)));
    Ok(())
}

async fn retry(chosen: &Chosen) -> Result<()> {
    let keys = maintenance::keys(&chosen.on)?;
    let (streams, store) = maintenance::connect(&chosen.on, keys.clone()).await?;
    let mut refused = 0;
    for place in chosen.places(&*store.quarantine).await? {
        let found = store.quarantine.get(place).await?.with_context(|| not_there(place))?;
        match read_again(streams.as_ref(), keys.as_ref(), &found).await {
            Ok(events) => {
                let Some(admitted) = store.quarantine.admit(place, &events).await? else {
                    bail!(not_there(place));
                };
                let count = admitted.effective.iter().filter(|effective| **effective).count();
                say!("{place}: {} events, of which {count} count", events.len());
            }
            Err(reason) => {
                refused += 1;
                say!("{place}: still none of ours: {}", shown(&reason));
            }
        }
    }
    if refused > 0 {
        bail!(
            "{refused} messages stay where they are: `uplion log quarantine dismiss` forgets them"
        );
    }
    Ok(())
}

async fn read_again(
    streams: &dyn Streams,
    keys: Option<&LogKeys>,
    found: &Quarantined,
) -> Result<Vec<Record>, String> {
    let Place { stream, epoch: _, sequence } = found.place;
    if stream == StreamName::Control {
        return Err("CONTROL is published from the database, which has every change already".into());
    }
    let Some(message) = &found.message else {
        let there = streams.get(stream, sequence).await.map_err(|error| error.to_string())?;
        let is_the_same = there.first().is_some_and(|it| it.appended_at() == found.appended_at);
        let events: Vec<Record> = there.into_iter().filter_map(Entry::event).collect();
        if events.is_empty() || !is_the_same {
            return Err("it was not kept, and the stream has it no more".into());
        }
        return Ok(events);
    };
    let keys = keys.cloned().filter(|_| stream == StreamName::Traffic);
    // Changes alone are signed with the time at which their stream was made.
    let reading = Reading { stream, created: Timestamp::from_micros(0), keys };
    reading.again(sequence, found.appended_at, message)
}

impl Chosen {
    async fn places(&self, messages: &dyn Messages) -> Result<Vec<Place>> {
        if !self.all {
            return Ok(self.places.clone());
        }
        let mut places: Vec<Place> = Vec::new();
        loop {
            let page = messages.list(places.last().copied(), PAGE).await?;
            if page.is_empty() {
                return Ok(places);
            }
            places.extend(page.into_iter().map(|found| found.place));
        }
    }
}

fn not_there(place: Place) -> String {
    format!("no message is set aside at {place}: `uplion log quarantine list` shows those that are")
}

fn described(found: &Quarantined, whole: Option<&RawMessage>) -> Value {
    let Quarantined { place, appended_at, reason, subject, bytes, message } = found;
    let mut described = json!({
        "place": place.to_string(),
        "appended_at": appended_at.to_string(),
        "reason": reason,
        "subject": subject,
        "bytes": bytes,
        "kept": message.is_some(),
    });
    if let Some(RawMessage { headers, payload, subject: _ }) = whole {
        described["headers"] = json!(headers);
        described["payload_hex"] = json!(hex::encode(payload));
    }
    described
}
