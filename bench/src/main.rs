//! The benchmark's programs.

use std::net::SocketAddr;

use clap::{Parser, Subcommand};
use uplion_bench::{
    load::Load,
    revocation::Revocation,
    upstream::{Script, Upstream},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    program: Program,
}

#[derive(Subcommand)]
enum Program {
    /// An OpenAI-compatible upstream that answers as it is told, on one thread.
    Upstream {
        #[arg(long, default_value = "127.0.0.1:9100")]
        listen: SocketAddr,
        /// What requests get that bring no script of their own: JSON, such as `{"pace_ms":20}`.
        #[arg(long, default_value = "{}")]
        script: String,
    },
    /// Sends chat completions to an OpenAI-compatible API and prints, as JSON, how they were answered.
    Load(Load),
    /// Revokes keys one by one and prints, as JSON, how long gateways served them still.
    Revocation(Revocation),
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Arguments::parse().program {
        Program::Upstream { listen, script } => runtime.block_on(upstream(listen, &script)),
        Program::Load(load) => {
            println!("{}", serde_json::to_string(&runtime.block_on(load.run()))?);
            Ok(())
        }
        Program::Revocation(revocation) => {
            println!("{}", serde_json::to_string(&runtime.block_on(revocation.run())?)?);
            Ok(())
        }
    }
}

async fn upstream(listen: SocketAddr, script: &str) -> anyhow::Result<()> {
    let script: Script = serde_json::from_str(script)?;
    let upstream = Upstream::listen(listen)?;
    upstream.set_default(script);
    println!("{}", upstream.url());
    upstream.serve().await
}
