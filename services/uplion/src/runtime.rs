//! Running something to its end: a role until it is told to stop, a command until it has done its work.

use std::{io::Write as _, process::ExitCode};

use tokio_util::sync::CancellationToken;

use crate::{flags::Process, logging, signals};

/// Runs a role. Returns when it has stopped, after SIGTERM or SIGINT or because it cannot start.
pub fn serve<F>(process: &Process, role: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    logging::start(process.log_format);
    let mut builder = match process.threads() {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&error.into()),
    };
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        signals::cancel_on_termination(stop.clone());
        role(stop).await
    });
    // A blocking read of standard input or of a database must not hold up the end.
    runtime.shutdown_background();
    ended.map_or_else(|error| report(&error), |()| ExitCode::SUCCESS)
}

/// Runs a command of the maintenance kind.
pub fn run_to_end(command: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    logging::start(logging::Format::Text);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&error.into()),
    };
    runtime.block_on(command).map_or_else(|error| report(&error), |()| ExitCode::SUCCESS)
}

fn report(error: &anyhow::Error) -> ExitCode {
    // Nobody may be reading any more; there is no other place to say so.
    let _ = writeln!(std::io::stderr(), "uplion: {error:#}");
    ExitCode::FAILURE
}
