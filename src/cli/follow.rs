//! Going on as things happen, over every interruption, until somebody stops it.

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::distant::NotAdmitted;
use crate::inspect::Refused;

/// Between two looks when nothing came.
const LOOKED_EVERY: Duration = Duration::from_millis(500);

/// Between two attempts to reach whoever does not answer.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

/// Whether and how a list goes on.
#[derive(Debug, Args)]
pub struct Following {
    /// Go on with what comes, over restarts of the kit, until Ctrl-C; with `--json` each on a line of its own.
    #[arg(long, short)]
    pub follow: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What one look brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Came {
    Nothing,
    /// There may be more right now.
    Something,
}

/// Looks again and again. A look prints what came and remembers how far it is, without a pause between the two: whatever
/// interrupts, nothing is printed twice or left out. Ends well on Ctrl-C and SIGTERM.
///
/// # Errors
/// What does not change by asking again.
pub async fn follow(mut look: impl AsyncFnMut() -> anyhow::Result<Came>) -> anyhow::Result<()> {
    let mut stops = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let mut pause = PAUSE_FIRST;
    let mut is_lost = false;
    loop {
        let looked = tokio::select! {
            biased;
            () = stopped(&mut stops) => return Ok(()),
            looked = look() => looked,
        };
        let wait = match looked {
            Ok(came) => {
                if is_lost {
                    eprintln!("note: it answers again");
                }
                (pause, is_lost) = (PAUSE_FIRST, false);
                if came == Came::Something { Duration::ZERO } else { LOOKED_EVERY }
            }
            Err(error) if error.is::<Refused>() || error.is::<NotAdmitted>() => return Err(error),
            Err(error) => {
                if !is_lost {
                    let told = redaction::process().text(&error.to_string()).into_owned();
                    let told = told.lines().next().unwrap_or_default().to_owned();
                    eprintln!("note: {told}; asking again until it answers");
                }
                is_lost = true;
                let wait = pause;
                pause = (pause * 2).min(PAUSE_LONGEST);
                wait
            }
        };
        tokio::select! {
            biased;
            () = stopped(&mut stops) => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn stopped([interrupt, terminate]: &mut [Signal; 2]) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
