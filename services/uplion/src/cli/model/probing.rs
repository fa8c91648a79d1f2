//! Looking at upstreams before and after they are registered, so that a mistyped URL is told at once.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use futures::future::join_all;

use crate::{
    cli::{
        client::{Client, read},
        failure::Failure,
        output,
        workers::Presence,
    },
    probe::{self, Wanted},
};

/// For workers to say what they make of a change.
const WORKERS_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Of the newest workers.
const NEWEST: u32 = 100;

#[derive(Debug, Clone, Copy, Args)]
pub struct Probing {
    /// Asks upstreams from here for their models first, and says what it finds. `require`: changes nothing unless all is well.
    #[arg(long, value_name = "HOW", default_value = "warn")]
    probe: Probe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Probe {
    /// Says what speaks against them, and goes on.
    Warn,
    /// Goes on only if nothing does.
    Require,
    /// Asks nobody.
    None,
}

/// An upstream that is about to be registered.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub url: String,
    pub model: String,
    /// The workers' variable that holds its key; the same is looked for here.
    pub api_key_env: Option<String>,
}

impl Probing {
    /// Fails only if it is required that nothing speaks against any.
    pub async fn before(self, candidates: &[Candidate]) -> Result<(), Failure> {
        if self.probe == Probe::None {
            return Ok(());
        }
        let findings = join_all(candidates.iter().map(Candidate::look)).await;
        let bad: Vec<String> = candidates
            .iter()
            .zip(&findings)
            .filter(|(_, finding)| !finding.is_good())
            .map(|(candidate, finding)| format!("{}: {finding}", candidate.url))
            .collect();
        if self.probe == Probe::Require && !bad.is_empty() {
            return Err(Failure::Local(format!("nothing was changed: {}", bad.join("; "))));
        }
        for text in bad {
            output::note(&format!("warning: {text}"));
        }
        Ok(())
    }

    /// Says what the workers make of it, for people: whether one has it, and how it fares there.
    pub async fn after(self, client: &Client, candidates: &[Candidate]) {
        if self.probe == Probe::None || candidates.is_empty() {
            return;
        }
        let waits_until = Instant::now() + WORKERS_WITHIN;
        loop {
            // What cannot be asked is no reason to call a change that was made a failure.
            let Ok(workers) = present(client).await else { return };
            let told = candidates.iter().filter(|one| workers.iter().any(|has| one.is_at(has)));
            if told.count() == candidates.len() || waits_until <= Instant::now() {
                return candidates.iter().for_each(|candidate| candidate.tell(&workers));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Candidate {
    async fn look(&self) -> probe::Finding {
        let key = self.api_key_env.as_ref().and_then(|name| std::env::var(name).ok());
        let (url, model) = (self.url.as_str(), Some(self.model.as_str()));
        probe::probe(&Wanted { url, model, key: key.as_deref() }).await
    }

    fn is_at(&self, worker: &Presence) -> bool {
        let url = self.url.trim_end_matches('/');
        worker.upstreams.iter().any(|upstream| upstream.url == url)
    }

    fn tell(&self, workers: &[Presence]) {
        let url = self.url.trim_end_matches('/');
        let all = workers.iter().flat_map(|worker| &worker.upstreams);
        let here: Vec<_> = all.filter(|upstream| upstream.url == url).collect();
        if here.is_empty() {
            let none = format!(
                "warning: no worker has taken up {url} yet: is one running? `uplion workers` says which are"
            );
            return output::note(&none);
        }
        let down: HashSet<String> = here
            .iter()
            .filter(|upstream| upstream.is_down())
            .map(|upstream| upstream.standing())
            .collect();
        for standing in down {
            output::note(&format!("warning: for workers {url} is {standing}"));
        }
    }
}

#[derive(serde::Deserialize)]
struct Worker {
    presence: Option<Presence>,
}

async fn present(client: &Client) -> Result<Vec<Presence>, Failure> {
    let workers = client.list_at_most(&["workers"], &[], NEWEST).await?;
    let workers = workers.into_iter().map(read).collect::<Result<Vec<Worker>, _>>()?;
    Ok(workers.into_iter().filter_map(|worker| worker.presence).collect())
}
