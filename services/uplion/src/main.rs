//! The one binary: each role of an installation, all of them in one process for a start (`dev`), and the
//! commands that people type.

mod arguments;
mod cli;
mod clock;
mod clock_watch;
mod config_file;
mod connection;
mod data_folder;
mod dev;
#[cfg(test)]
mod documented;
mod flags;
mod logging;
mod maintenance;
mod nats_permissions;
mod private_file;
mod probe;
mod quarantine;
mod role_list;
mod roles;
mod runtime;
mod say;
mod secret;
mod signals;
mod sizes;
mod usage_error;

use std::process::ExitCode;

use clap::CommandFactory as _;

use arguments::{Command, Log, Uplion};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Several libraries would each choose a provider of their own, and rustls panics when two do.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing installed a provider before main");
    let Uplion { command } = match config_file::parse::<Uplion>(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return usage_error::exit(&error),
    };
    match command {
        Command::Role(role) => role.start(),
        Command::Projection(arguments) => runtime::run_to_end(maintenance::projection(arguments)),
        Command::Log(Log::Tail(arguments)) => {
            cli::run(cli::Command::Tail(arguments), &mut Uplion::command())
        }
        Command::Log(Log::Epoch(arguments)) => runtime::run_to_end(maintenance::epoch(arguments)),
        Command::Log(Log::Restore(arguments)) => {
            runtime::run_to_end(maintenance::restore(arguments))
        }
        Command::Log(Log::Key) => {
            maintenance::new_key();
            ExitCode::SUCCESS
        }
        Command::Log(Log::Rekey(arguments)) => runtime::run_to_end(maintenance::rekey(arguments)),
        Command::Log(Log::Quarantine(arguments)) => runtime::run_to_end(quarantine::run(arguments)),
        Command::Nats(command) => nats_permissions::run(command),
        Command::Client(command) => cli::run(command, &mut Uplion::command()),
    }
}
