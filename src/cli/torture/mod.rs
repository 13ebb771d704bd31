//! Shows that the program loses nothing, doubles nothing and never stands still: the real program under load, killed and
//! started again with faults all around it, and every effect counted in this process, which is not killed.

mod attempts;
mod check;
pub mod child;
mod clock;
mod conduct;
mod events;
mod finding;
mod hangup;
mod ledger;
mod line;
mod plan;
mod planted;
mod process;
mod report;
mod sample;
mod sender;
mod stands;
mod target;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::Found;
use check::{Evidence, check};
use conduct::{Conductor, Done};
use events::{Events, Known, known_wanted};
use line::Line;
use planted::Plant;
use process::Program;
use report::{Clients, Report};
use sender::{Load, Sender, Sent};
use target::{Target, customer, group};

const SENDERS: usize = 24;

#[derive(Debug, Args)]
pub struct Options {
    /// How often the program is killed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    kills: u32,
    /// How many events are sent.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    events: u32,
    /// Repeats what an earlier run did; without one, chance decides.
    #[arg(long)]
    seed: Option<u64>,
    /// Break the program on purpose: the run has to find it, and so to fail.
    #[arg(long)]
    plant: Option<Plant>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs in a folder and on ports of its own, whatever `.env` says; the settings of the project in `root` count.
pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a private folder")?;
    let mut report = torture(root, folder.path(), options).await?;
    if !report.findings.is_empty() && options.plant.is_none() {
        report.folder = Some(folder.keep());
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report.as_json())?);
    } else {
        report.print();
    }
    if report.findings.is_empty() { Ok(()) } else { Err(Found.into()) }
}

async fn torture(root: &Path, folder: &Path, options: &Options) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let (kills, events) = (usize::try_from(options.kills)?, usize::try_from(options.events)?);
    let mut rng = Rng::with_seed(seed);
    let plan = plan::plan(&mut rng, kills, events);
    let target = Target::start().await?;
    let sources = sources(&target, &mut rng, events).await?;
    target.watch();
    let program = Program::new((root, folder), target.commerce_url(), options.plant)?;
    let process = program.start(0).await?;
    let (address, addresses) = watch::channel(process.address.clone());
    let load = Arc::new(Load::new(addresses, Arc::clone(&target.ledger)));
    let senders = send(&load, &target, (&mut rng, seed), sources);
    let bar = progress(events);
    let told = |sent: u64, done: &Done| {
        bar.set_position(sent);
        bar.set_message(format!("{} kills", done.kills));
    };
    let mut conductor = Conductor::new(&program, &target, Arc::clone(&load), (process, address));
    conductor.conduct(plan, u64::from(options.events), &told).await?;
    let mut sent: Vec<Vec<Sent>> = Vec::new();
    for sender in senders {
        sent.push(sender.await.context("a sender ended in a panic")??);
    }
    conductor.drain(&told).await?;
    let (mut findings, done, restarts, samples) = conductor.end().await;
    bar.finish_and_clear();
    let counts = target.ledger.counts();
    let (histories, nameless) = target.ledger.close();
    let evidence = Evidence { sent, histories, nameless, samples };
    let data = program.data();
    findings.extend(tokio::task::spawn_blocking(move || check(&data, evidence)).await??);
    findings.sort_by_key(|finding| finding.kind);
    let (plant, clients) = (options.plant, clients(&load));
    let took = begun.elapsed();
    Ok(Report { seed, kills, events, plant, done, clients, target: counts, restarts, took, findings, folder: None })
}

/// What each sender sends and how many; the customers and groups that its events speak of are put into the target.
async fn sources(target: &Target, rng: &mut Rng, events: usize) -> anyhow::Result<Vec<(Events, usize)>> {
    let client = reqwest::Client::new();
    let mut sources = Vec::new();
    for sender in 0..SENDERS {
        let count = events / SENDERS + usize::from(sender < events % SENDERS);
        let (customers_wanted, groups_wanted) = known_wanted(count);
        let (mut customers, mut groups) = (Vec::new(), Vec::new());
        for number in 0..customers_wanted {
            let email = format!("known{sender}-{number}@torture.example");
            customers.push(Known::new(target.put(&client, "customers", &customer(&email)).await?, email));
        }
        for number in 0..groups_wanted {
            let code = format!("known {sender}-{number}");
            groups.push(Known::new(target.put(&client, "customerGroups", &group(&code)).await?, code));
        }
        sources.push((Events::new(sender, rng.fork(), customers, groups), count));
    }
    Ok(sources)
}

type Sending = JoinHandle<anyhow::Result<Vec<Sent>>>;

fn send(
    load: &Arc<Load>,
    target: &Target,
    (rng, seed): (&mut Rng, u64),
    sources: Vec<(Events, usize)>,
) -> Vec<Sending> {
    let senders = sources.into_iter().enumerate().map(|(number, (events, count))| {
        let (load, sandbox, rng, pauses) = (Arc::clone(load), target.sandbox.clone(), rng.fork(), rng.fork());
        let sender = Sender {
            load,
            sandbox,
            events,
            rng,
            pauses,
            number,
            prefix: format!("{seed:x}-{number}"),
            line: Line::default(),
            going: JoinSet::new(),
        };
        tokio::spawn(sender.run(count))
    });
    senders.collect()
}

fn clients(load: &Load) -> Clients {
    Clients {
        sent: load.sent(),
        acknowledged: load.acknowledged(),
        hung_up: load.hung_up.load(Ordering::SeqCst),
        repeated: load.repeated.load(Ordering::SeqCst),
        asked_again: load.asked_again.load(Ordering::SeqCst),
    }
}

/// A line that moves, on a terminal only.
fn progress(events: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(events).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} events, {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar
}
