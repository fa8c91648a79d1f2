//! `uplion log tail`: `uplion events --follow` under the name that those who look for the log know.

use clap::Args;

use super::{
    endpoint,
    events::{Events, Filter},
    failure::Failure,
    output::Format,
};

#[derive(Debug, Clone, Args)]
pub struct Tail {
    /// How many of the newest events to begin with.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    lines: usize,
    /// Begin behind this position instead, as an event was shown with it.
    #[arg(long, value_name = "POSITION", conflicts_with_all = ["lines", "all"])]
    after: Option<String>,
    /// Begin with the first event that there is.
    #[arg(long, conflicts_with = "lines")]
    all: bool,
    /// End after what there is.
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

impl Tail {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { lines, after, all, no_follow, control, format } = self;
        let filter = Filter::default();
        Events { lines, after, all, filter, follow: !no_follow, control, format }.run().await
    }
}
