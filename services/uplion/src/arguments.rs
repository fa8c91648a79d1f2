//! The command line of `uplion`, and the variables beside it.

use clap::{Parser, Subcommand};

use crate::{
    cli,
    flags::{Maintenance, Projection},
    nats_permissions::Nats,
    quarantine::Quarantine,
    role_list::ChosenRole,
};

/// UPLION: one OpenAI-compatible API in front of your models, with keys and bills that are right.
#[derive(Debug, Parser)]
#[command(name = "uplion", version, propagate_version = true, arg_required_else_help = true, after_help = cli::EXIT_CODES)]
pub struct Uplion {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Role(ChosenRole),
    /// Rebuilds a projection from the archive, or verifies that the live one equals a rebuilt one.
    Projection(Projection),
    /// The log itself: its newest events, and going on after a loss.
    #[command(subcommand)]
    Log(Log),
    /// The broker: what each role may do there.
    #[command(subcommand)]
    Nats(Nats),
    #[command(flatten)]
    Client(cli::Command),
}

#[derive(Debug, Subcommand)]
pub enum Log {
    /// Shows events as they come.
    Tail(cli::Tail),
    /// Goes on archiving with a stream that was made anew. What the old one held beyond the archive is lost.
    Epoch(Maintenance),
    /// Takes back into Postgres what CONTROL holds and Postgres does not, after Postgres went back in time.
    Restore(Maintenance),
    /// Makes a key that the log is signed with, and prints it. Gateways, control and projectors are given it.
    Key,
    /// Makes CONTROL anew, all of it signed with the key that control signs with now: before an older key is taken away.
    Rekey(Maintenance),
    Quarantine(Quarantine),
}
