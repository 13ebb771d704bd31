//! The `kit` program: the command line, and the one place where all parts are put together.
//!
//! Invariant: whatever fails ends with a message that says what to do, and with a non-zero exit.

mod beside;
mod cli;
mod compose;
mod deploy;
mod dev_client;
mod events;
mod guards;
mod identity;
mod log;
mod metrics;
mod project;
mod publishing;
mod run;
mod senders;
mod supervise;
mod targets;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = cli::Arguments::parse().command();
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(cli::run(command)),
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}
