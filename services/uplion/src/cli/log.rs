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
    /// Begin behind this place of the archive instead; 0 for everything.
    #[arg(long, value_name = "POS", conflicts_with = "lines")]
    after: Option<u64>,
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
        let Self { lines, after, no_follow, control, format } = self;
        let filter = Filter::default();
        Events { lines, after, filter, follow: !no_follow, control, format }.run().await
    }
}
