use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{DeliveryFilter, Listed, State};

use super::query::Query;
use super::reason::{self, next_attempt};
use crate::cli::local::{Folder, Registrations};
use crate::cli::table::{cut, plain, width};

/// A reason is never cut below this, however narrow the terminal.
const REASON_LEAST: usize = 24;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    query: Query,
    /// Only what has neither been delivered nor was meant to stay where it is.
    #[arg(long, conflicts_with_all = ["state", "blocked"])]
    undelivered: bool,
    /// Only what waits for others of its lane, and what lets others wait.
    #[arg(long, conflicts_with = "state")]
    blocked: bool,
    /// How many at the most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn filter(&self, registrations: &Registrations) -> anyhow::Result<DeliveryFilter> {
        let mut filter = self.query.filter(registrations, Timestamp::now())?;
        if self.undelivered {
            filter.states = State::UNDELIVERED.to_vec();
        }
        if self.blocked {
            filter.states = vec![State::Waiting, State::Blocking];
        }
        // One more than asked for tells whether there are more.
        filter.limit = usize::from(self.limit) + 1;
        Ok(filter)
    }
}

pub fn run(folder: &Folder, options: &Options) -> anyhow::Result<()> {
    let registrations = folder.registrations()?;
    let mut found = folder.reader.deliveries(&options.filter(&registrations)?)?;
    let is_cut = found.len() > usize::from(options.limit);
    found.truncate(usize::from(options.limit));
    let reasons: Vec<Option<String>> =
        found.iter().map(|listed| reason::of(folder, &registrations, listed)).collect::<anyhow::Result<_>>()?;
    if options.json {
        let rows: Vec<Value> = found
            .iter()
            .zip(reasons)
            .map(|(listed, reason)| {
                let mut row = as_json(listed, &registrations);
                row["reason"] = json!(reason);
                row
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    if found.is_empty() {
        eprintln!("no delivery is like that");
        return Ok(());
    }
    print(&found, &reasons, &registrations);
    if is_cut {
        eprintln!("there are more; `--limit` shows up to 1000, `--until` those before a time");
    }
    Ok(())
}

/// The deliveries of one event, by its id or by the sender's uid; never none.
pub fn of_event(folder: &Folder, known_by: &str) -> anyhow::Result<Vec<Listed>> {
    const LIMIT: usize = 10_000;
    let filter = DeliveryFilter { event: Some(known_by.to_owned()), limit: LIMIT, ..DeliveryFilter::default() };
    let mut found = folder.reader.deliveries(&filter)?;
    found.reverse();
    if found.is_empty() {
        bail!(
            "there is no event `{known_by}` that was to be delivered\n  hint: an event's id, or the uid that its sender \
             gave it; `kit delivery list` shows those that are kept"
        );
    }
    Ok(found)
}

fn print(found: &[Listed], reasons: &[Option<String>], registrations: &Registrations) {
    const HEADER: [&str; 9] =
        ["Accepted", "State", "Drawer", "Attempts", "Registration", "Event", "Event ID", "Next", "Reason"];
    let rows: Vec<[String; 8]> = found.iter().map(|listed| cells(listed, registrations)).collect();
    let mut taken = 2;
    for (column, header) in HEADER[..8].iter().enumerate() {
        let cells = rows.iter().map(|row| row[column].chars().count());
        taken += cells.max().unwrap_or_default().max(header.len()) + 2;
    }
    let reason_width = width().saturating_sub(taken).max(REASON_LEAST);
    let mut table = plain(HEADER);
    for (row, reason) in rows.into_iter().zip(reasons) {
        let reason = cut(reason.as_deref().unwrap_or_default(), reason_width);
        table.add_row(row.into_iter().chain([reason]));
    }
    println!("{}", table.trim_fmt());
}

/// All but the reason.
pub fn cells(listed: &Listed, registrations: &Registrations) -> [String; 8] {
    let delivery = &listed.delivery;
    [
        listed.at.strftime("%F %T").to_string(),
        delivery.state.as_str().to_owned(),
        delivery.drawer.map(|drawer| drawer.as_str().to_owned()).unwrap_or_default(),
        delivery.attempts.to_string(),
        registrations.name(delivery.registration),
        listed.code.clone(),
        listed.id.to_string(),
        next_attempt(listed).unwrap_or_default(),
    ]
}

pub fn as_json(listed: &Listed, registrations: &Registrations) -> Value {
    let delivery = &listed.delivery;
    json!({
        "accepted": listed.at.to_string(),
        "state": delivery.state.as_str(),
        "drawer": delivery.drawer.map(store::Drawer::as_str),
        "attempts": delivery.attempts,
        "replays": delivery.replays,
        "registration": registrations.name(delivery.registration),
        "code": listed.code,
        "event": listed.id.to_string(),
        "uid": listed.uid,
        "next": (delivery.state == State::Due).then(|| delivery.due.to_string()),
        "in_doubt": delivery.is_in_doubt,
        "has_effect": delivery.has_effect,
    })
}
