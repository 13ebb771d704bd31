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
mod inspect;
mod limits;
mod log;
mod metrics;
#[cfg(feature = "planted-leak")]
mod planted_leak;
mod project;
mod publishing;
mod rerun;
mod run;
mod runtime_auth;
mod sandbox_events;
mod secrets;
mod seed;
mod senders;
mod supervise;
mod targets;
mod telemetry;
mod vault;

use std::panic;
use std::process::{self, ExitCode};
use std::thread;

use clap::Parser;

/// What a shell shows for a program that the signal of a broken pipe has ended: 128 and the signal's number.
const NOBODY_READS: i32 = 141;

fn main() -> ExitCode {
    end_quietly_when_nobody_reads();
    let command = cli::Arguments::parse().command();
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(cli::run(command)),
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `kit ... | head` closes stdout while there is more to print, and printing panics then: Rust ignores the signal that ends
/// other programs. Commands print on the main thread; what a task of a server prints elsewhere must not end the server.
fn end_quietly_when_nobody_reads() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        let text = panicked.payload_as_str().unwrap_or_default();
        let is_of_stdout = text.starts_with("failed printing to stdout") && text.contains("Broken pipe");
        if is_of_stdout && thread::current().name() == Some("main") {
            process::exit(NOBODY_READS);
        }
        usual(panicked);
    }));
}
