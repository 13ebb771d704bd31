use std::path::Path;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use engine::slug;
use events_api::{journal_number, journal_position};
use serde_json::{Value, json};
use store::{JournalFrom, JournalPage, JournalRead, Registration, StoredEvent};

use super::local::{Folder, Registrations};
use super::table::plain;

/// Of the values of one page together.
const PAGE_BYTES_MAX: usize = 16 << 20;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a page of what a registration was meant to get, oldest first, and where the next one begins.
    Tail(Tail),
}

#[derive(Debug, Args)]
pub struct Tail {
    /// The registration's name or slug; may be left out when there is only one.
    registration: Option<String>,
    /// Strictly behind this position; as the journal's API writes it, or as this command printed it.
    #[arg(long)]
    since: Option<String>,
    /// How many at the most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Begin at the end: print only where what comes next begins.
    #[arg(long, conflicts_with = "since")]
    latest: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Reads the local folder, also while a kit is running on it.
pub fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let Command::Tail(tail) = command;
    let folder = Folder::open(root, "journals")?;
    let registrations = folder.registrations()?;
    let registration = pick(&registrations, tail.registration.as_deref())?;
    let since = tail.since.as_deref().map(|position| number(registration, position)).transpose()?;
    let page = folder.reader.journal(&JournalRead {
        registration: registration.id,
        from: match since {
            Some(number) => JournalFrom::After(number),
            None if tail.latest => JournalFrom::After(i64::MAX),
            None => JournalFrom::Oldest,
        },
        events_max: usize::from(tail.limit),
        bytes_max: PAGE_BYTES_MAX,
    })?;
    if let Some(number) = since {
        check(registration, &page, number)?;
    }
    // At the end one goes on from where one is; a journal that never held anything has no position yet.
    let end = tail.latest.then_some(page.newest).filter(|newest| *newest > 0).or(since);
    let last = page.events.last().map(|event| event.number).or(end);
    let last = last.map(|number| journal_position(&registration.registration_id, number));
    if tail.json {
        print_json(registration, &page, last.as_deref())
    } else {
        print(registration, &page, last.as_deref());
        Ok(())
    }
}

fn pick<'a>(registrations: &'a Registrations, wanted: Option<&str>) -> anyhow::Result<&'a Registration> {
    if let Some(wanted) = wanted {
        return registrations.find(wanted);
    }
    let mut all = registrations.iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => bail!("there is no registration\n  hint: start a kit in this folder once; it makes them"),
        (Some(_), Some(_)) => {
            let slugs: Vec<String> = registrations.iter().map(|registration| slug(&registration.name)).collect();
            bail!("each registration has a journal of its own\n  hint: name one of {}", slugs.join(", "))
        }
    }
}

fn number(registration: &Registration, position: &str) -> anyhow::Result<i64> {
    journal_number(&registration.registration_id, position).with_context(|| {
        format!(
            "`--since` is no position of the journal of `{}`\n  hint: each line of `kit journal tail {}` begins with one",
            registration.name,
            slug(&registration.name)
        )
    })
}

fn check(registration: &Registration, page: &JournalPage, number: i64) -> anyhow::Result<()> {
    let slug = slug(&registration.name);
    if number > page.newest {
        bail!("`--since` is behind the end of the journal\n  hint: `kit journal tail {slug} --latest` shows the end");
    }
    if page.lost > number {
        eprintln!("note: events behind that position were removed for their age; what is left begins here");
    }
    Ok(())
}

fn print(registration: &Registration, page: &JournalPage, last: Option<&str>) {
    let slug = slug(&registration.name);
    if !page.events.is_empty() {
        let mut table = plain(["Position", "Accepted", "Event", "Event ID"]);
        for event in &page.events {
            table.add_row([
                journal_position(&registration.registration_id, event.number),
                event.at.strftime("%F %T").to_string(),
                event.code.to_string(),
                event.id.to_string(),
            ]);
        }
        println!("{}", table.trim_fmt());
    }
    match last {
        Some(last) => println!("next: kit journal tail {slug} --since {last}"),
        None => println!("nothing yet: kit journal tail {slug}"),
    }
}

fn print_json(registration: &Registration, page: &JournalPage, last: Option<&str>) -> anyhow::Result<()> {
    let event = |event: &StoredEvent| {
        let position = journal_position(&registration.registration_id, event.number);
        json!({"position": position, "event": cloud_event(event)})
    };
    let events: Vec<Value> = page.events.iter().map(event).collect();
    let shown = json!({"events": events, "_page": {"last": last, "count": events.len()}});
    println!("{}", serde_json::to_string_pretty(&shown)?);
    Ok(())
}

fn cloud_event(event: &StoredEvent) -> Value {
    json!({
        "specversion": "1.0",
        "id": event.event_id(),
        "source": engine::source(event),
        "type": &*event.code,
        "datacontenttype": "application/json",
        "time": event.at.to_string(),
        "eventid": event.id.to_string(),
        "data": serde_json::from_str::<Value>(&event.body).unwrap_or_default(),
    })
}
