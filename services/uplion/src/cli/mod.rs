//! What people type: commands that ask a running installation over its API.

mod admin;
mod admin_key;
mod allowance;
mod archived_event;
mod changes;
mod charges;
mod chat;
mod client;
mod completions;
mod doctor;
mod duration;
mod endpoint;
mod events;
mod failure;
mod key;
mod log;
mod login;
mod model;
mod moment;
mod money;
mod output;
mod params;
mod price;
mod project;
mod prompt;
mod request;
mod request_filter;
mod session;
mod short_ids;
mod sign_ins;
mod table;
mod usage;
mod user;
mod workers;
mod write_options;
mod zone;

use std::process::ExitCode;

use clap::Subcommand;

pub use self::{
    failure::EXIT_CODES,
    log::Tail,
    output::{escaped, note},
    table::shown::printable,
};

use self::failure::Failure;

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Signs you in at an installation, with your e-mail address and your password.
    Login(login::Login),
    /// Signs you out.
    Logout(login::Logout),
    /// Says who you are to an installation, and what you may.
    Whoami(login::Whoami),
    /// Administrators: the first one is made with the first admin key.
    Admin(admin::Admin),
    /// Projects: tenants that keys belong to and usage is billed to.
    Project(project::Project),
    /// Users: who signs in, and what they may in the whole installation.
    User(user::User),
    /// Admin keys: what machines show to administer or to audit.
    AdminKey(admin_key::AdminKey),
    /// Sessions: where people are signed in.
    Session(session::Session),
    /// API keys: what members' programs show the gateway.
    Key(key::Key),
    /// Models: what clients name, and who answers.
    Model(model::Model),
    /// Prices: what models charge.
    Price(price::Price),
    /// What was used, and what it cost.
    Usage(usage::Usage),
    /// What each request that ended was charged, and at which rates.
    Charges(charges::Charges),
    /// Who serves: workers, as the log tells of them.
    Workers(workers::Workers),
    /// Who changed one thing, when, why, and from what to what.
    Changes(changes::Changes),
    /// How a request went: its events in order. Without an id, the newest requests.
    Request(request::Request),
    /// What happened: the newest events, and those to come.
    Events(events::Events),
    /// Shows events as they come: `uplion log tail`.
    #[command(hide = true)]
    Tail(Tail),
    /// Says what is reachable, how far behind, how full, and what to do.
    Doctor(doctor::Doctor),
    /// Asks a model and prints its answer as it comes.
    Chat(chat::Chat),
    /// Prints what a shell needs to complete these commands.
    Completions(completions::Completions),
    /// Prints the description of the control API (`OpenAPI` 3.0, JSON).
    Openapi,
}

/// Ends with what [`EXIT_CODES`] say; 2 comes from clap. `uplion` is the whole command line, which completions are made from.
pub fn run(command: Command, uplion: &mut clap::Command) -> ExitCode {
    match command {
        Command::Login(login) => run_to_exit_code(login.run()),
        Command::Logout(logout) => run_to_exit_code(logout.run()),
        Command::Whoami(whoami) => run_to_exit_code(whoami.run()),
        Command::Admin(admin) => run_to_exit_code(admin.run()),
        Command::Project(project) => run_to_exit_code(project.run()),
        Command::User(user) => run_to_exit_code(user.run()),
        Command::AdminKey(admin_key) => run_to_exit_code(admin_key.run()),
        Command::Session(session) => run_to_exit_code(session.run()),
        Command::Key(key) => run_to_exit_code(key.run()),
        Command::Model(model) => run_to_exit_code(model.run()),
        Command::Price(price) => run_to_exit_code(price.run()),
        Command::Usage(usage) => run_to_exit_code(usage.run()),
        Command::Charges(charges) => run_to_exit_code(charges.run()),
        Command::Workers(workers) => run_to_exit_code(workers.run()),
        Command::Changes(changes) => run_to_exit_code(changes.run()),
        Command::Request(request) => run_to_exit_code(request.run()),
        Command::Events(events) => run_to_exit_code(events.run()),
        Command::Tail(tail) => run_to_exit_code(tail.run()),
        Command::Doctor(doctor) => run_to_exit_code(doctor.run()),
        Command::Chat(chat) => run_to_exit_code(chat.run()),
        Command::Completions(completions) => run_to_exit_code(async { completions.run(uplion) }),
        Command::Openapi => {
            run_to_exit_code(async { output::print(uplion_control::OPENAPI.trim_end()) })
        }
    }
}

fn run_to_exit_code(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::caused("no runtime can be started", error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody reads standard error either, the exit code has to do.
            if let Some(sentence) = failure.message() {
                output::note(&sentence);
            }
            failure.code()
        }
    }
}
