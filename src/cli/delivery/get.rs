use clap::Args;
use serde_json::Value;
use store::Drawer;

use super::exchange;
use crate::cli::source::Source;
use crate::cli::table::{bare, cell, plain, print_json, printable, rows, time};
use crate::inspect::{Look, said};

/// Nothing happens any more to what is in one of these states, unless a person asks for it.
const FAILED: [&str; 3] = ["refused", "parked", "blocking"];

#[derive(Debug, Args)]
pub struct Options {
    /// The event's id, or the uid that its sender gave it.
    id: String,
    /// The attempt whose request and answer are shown; left out: the newest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let found = source.ask(&Look::Delivery(options.id.clone())).await?;
    if options.json {
        return print_json(&found);
    }
    for (index, delivery) in rows(&found).iter().enumerate() {
        if index > 0 {
            println!();
        }
        print(delivery);
        let requests = rows(&delivery["requests"]);
        let wanted = options.attempt.map_or(requests.len(), |attempt| attempt as usize);
        match wanted.checked_sub(1).and_then(|index| requests.get(index)) {
            Some(exchange) => {
                println!("\nRequest {wanted} of {}", requests.len());
                exchange::print(exchange);
            }
            None if options.attempt.is_some() => {
                eprintln!("note: of this delivery {} requests are on record", requests.len());
            }
            None => {}
        }
    }
    Ok(())
}

fn print(delivery: &Value) {
    let mut table = bare();
    table.add_row(["Event", &cell(delivery, "code")]);
    table.add_row(["Event ID", &cell(delivery, "event")]);
    if delivery["uid"].is_string() {
        table.add_row(["UID", &cell(delivery, "uid")]);
    }
    table.add_row(["Accepted", &time(delivery, "accepted")]);
    table.add_row(["Registration", &cell(delivery, "registration")]);
    table.add_row(["State", &state(delivery)]);
    table.add_row(["Attempts", &counted(delivery)]);
    if delivery["reason"].is_string() {
        table.add_row(["Reason", &cell(delivery, "reason")]);
    }
    if delivery["validator"].is_string() {
        table.add_row(["Validator", &cell(delivery, "validator")]);
    }
    if is_failed(delivery) {
        let force = if delivery["has_effect"] == true { " --repeat-effect" } else { "" };
        table.add_row(["Again", &format!("kit delivery replay {}{force}", cell(delivery, "event"))]);
    }
    println!("{}", table.trim_fmt());
    let runs = rows(&delivery["runs"]);
    if runs.is_empty() {
        return;
    }
    println!();
    let mut table = plain(["Attempt", "Start", "Duration", "Status", "Activation ID", "Action's activation", "Result"]);
    for run in runs {
        table.add_row([
            cell(run, "attempt"),
            time(run, "start"),
            format!("{} ms", cell(run, "duration_ms")),
            cell(run, "word"),
            cell(run, "activation"),
            rows(&run["caused"]).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            said(&run["result"]).map(|text| printable(&text)).unwrap_or_default(),
        ]);
    }
    println!("{}", table.trim_fmt());
}

/// The state with what else decides about what comes next.
pub fn state(delivery: &Value) -> String {
    let drawer =
        delivery["drawer"].as_str().and_then(|word| Drawer::ALL.into_iter().find(|known| known.as_str() == word));
    let drawer = drawer.map(|drawer| match drawer {
        Drawer::Target => "the target refused or never took it",
        Drawer::Payload => "the event itself is wrong",
        Drawer::Ours => "ours: settings, credentials or an action",
    });
    let next = delivery["next"].is_string().then(|| format!("next attempt {}", time(delivery, "next")));
    let doubt = (delivery["in_doubt"] == true).then(|| "an attempt may have had its effect".to_owned());
    let has_effect = is_failed(delivery) && delivery["has_effect"] == true;
    let effect = has_effect.then(|| "its effect is on record".to_owned());
    let mut words = vec![cell(delivery, "state")];
    words.extend(drawer.map(str::to_owned).into_iter().chain(next).chain(doubt).chain(effect));
    words.join("; ")
}

pub fn is_failed(delivery: &Value) -> bool {
    FAILED.iter().any(|state| delivery["state"] == *state)
}

fn counted(delivery: &Value) -> String {
    match delivery["replays"].as_u64() {
        None | Some(0) => cell(delivery, "attempts"),
        Some(replays) => format!("{}; replays: {replays}", cell(delivery, "attempts")),
    }
}
