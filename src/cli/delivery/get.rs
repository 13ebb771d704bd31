use clap::Args;
use comfy_table::{Table, presets};
use serde_json::{Value, json};
use store::{Activation, Listed, State};

use super::list::{as_json, of_event};
use super::reason::{self, next_attempt, said};
use crate::cli::local::{Folder, Registrations};
use crate::cli::table::{plain, printable};

#[derive(Debug, Args)]
pub struct Options {
    /// The event's id, or the uid that its sender gave it.
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A delivery with what is recorded of it.
struct Shown {
    listed: Listed,
    reason: Option<String>,
    runs: Vec<Activation>,
}

pub fn run(folder: &Folder, options: &Options) -> anyhow::Result<()> {
    let registrations = folder.registrations()?;
    let mut shown = Vec::new();
    for listed in of_event(folder, &options.id)? {
        let reason = reason::of(folder, &registrations, &listed)?;
        let runs = reason::attempts(folder, &registrations, &listed)?;
        shown.push(Shown { listed, reason, runs });
    }
    if options.json {
        let rows: Vec<Value> = shown.iter().map(|shown| row(shown, &registrations)).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for (index, shown) in shown.iter().enumerate() {
        if index > 0 {
            println!();
        }
        print(shown, &registrations);
    }
    Ok(())
}

fn print(shown: &Shown, registrations: &Registrations) {
    let (listed, delivery) = (&shown.listed, &shown.listed.delivery);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row(["Event", &listed.code]);
    table.add_row(["Event ID", &listed.id.to_string()]);
    if let Some(uid) = &listed.uid {
        table.add_row(["UID", &printable(uid)]);
    }
    table.add_row(["Accepted", &listed.at.strftime("%F %T").to_string()]);
    table.add_row(["Registration", &registrations.name(delivery.registration)]);
    table.add_row(["State", &state(listed)]);
    table.add_row(["Attempts", &counted(listed)]);
    if let Some(reason) = &shown.reason {
        table.add_row(["Reason", reason]);
    }
    if is_failed(listed) {
        let force = if delivery.has_effect { " --repeat-effect" } else { "" };
        table.add_row(["Again", &format!("kit delivery replay {}{force}", listed.id)]);
    }
    println!("{}", table.trim_fmt());
    if shown.runs.is_empty() {
        return;
    }
    println!();
    let mut table = plain(["Attempt", "Start", "Duration", "Status", "Activation ID", "Result"]);
    for run in &shown.runs {
        table.add_row([
            run.attempt.to_string(),
            run.start.strftime("%F %T").to_string(),
            format!("{} ms", duration_ms(run)),
            run.status.as_str().to_owned(),
            run.id.simple().to_string(),
            said(&run.result).map(|text| printable(&text)).unwrap_or_default(),
        ]);
    }
    println!("{}", table.trim_fmt());
}

/// The state with what else decides about what comes next.
fn state(listed: &Listed) -> String {
    let delivery = &listed.delivery;
    let drawer = delivery.drawer.map(|drawer| match drawer {
        store::Drawer::Target => "the target refused or never took it",
        store::Drawer::Payload => "the event itself is wrong",
        store::Drawer::Ours => "ours: settings, credentials or an action",
    });
    let next = next_attempt(listed).map(|next| format!("next attempt {next}"));
    let doubt = delivery.is_in_doubt.then_some("an attempt may have had its effect").map(str::to_owned);
    let effect = (is_failed(listed) && delivery.has_effect).then_some("its effect is on record").map(str::to_owned);
    let mut words = vec![delivery.state.as_str().to_owned()];
    words.extend(drawer.map(str::to_owned).into_iter().chain(next).chain(doubt).chain(effect));
    words.join("; ")
}

/// Nothing happens any more unless a person asks for it.
fn is_failed(listed: &Listed) -> bool {
    matches!(listed.delivery.state, State::Refused | State::Parked | State::Blocking)
}

fn counted(listed: &Listed) -> String {
    match listed.delivery.replays {
        0 => listed.delivery.attempts.to_string(),
        replays => format!("{}; replays: {replays}", listed.delivery.attempts),
    }
}

fn row(shown: &Shown, registrations: &Registrations) -> Value {
    let mut row = as_json(&shown.listed, registrations);
    row["reason"] = json!(shown.reason);
    row["runs"] = shown.runs.iter().map(attempt).collect();
    row
}

fn attempt(run: &Activation) -> Value {
    json!({
        "activation": run.id.simple().to_string(),
        "attempt": run.attempt,
        "start": run.start.to_string(),
        "duration_ms": duration_ms(run),
        "status": run.status.as_str(),
        "result": serde_json::from_str::<Value>(&run.result).unwrap_or_default(),
    })
}

fn duration_ms(run: &Activation) -> i64 {
    run.end.as_millisecond() - run.start.as_millisecond()
}
