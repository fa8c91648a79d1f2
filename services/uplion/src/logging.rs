//! Log lines: for people on a terminal, JSON for machines. The level comes from `RUST_LOG`, and is `info` without it.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// `text` on a terminal, `json` elsewhere.
    #[default]
    Auto,
    Text,
    Json,
}

/// Of connections to NATS our own lines say more than those of its client.
pub fn start(format: Format) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new("info,async_nats=warn,async_nats::connector=off,refinery_core=warn")
    });
    let json = match format {
        Format::Auto => !std::io::stderr().is_terminal(),
        Format::Text => false,
        Format::Json => true,
    };
    let registry = tracing_subscriber::registry().with(filter_fn(is_loggable)).with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr);
    // A second start (in a test of several roles) keeps the first one's settings.
    let _ = if json {
        registry.with(lines.json().flatten_event(true).with_current_span(false)).try_init()
    } else {
        registry.with(lines.with_target(false)).try_init()
    };
}

/// The Postgres driver logs every parameter of every statement: names, addresses, hashes. No `RUST_LOG` asks for that.
fn is_loggable(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("tokio_postgres") || *metadata.level() <= Level::WARN
}
