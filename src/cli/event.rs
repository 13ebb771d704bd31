use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};
use sdk::EventSpec;
use sdk::json::texts_at;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::StoredEvent;

use super::local::{Folder, one_of};
use super::orders::Asking;
use super::table::plain;

/// Events that are looked at in one go.
const PAGE: usize = 500;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Remove all events of one thing, such as a customer, and everything that was recorded about them.
    Forget(Forget),
}

#[derive(Debug, Args)]
pub struct Forget {
    /// What it is: `customer`, `order`, `product`, ...
    #[arg(long)]
    entity: String,
    /// Its business key: the customer's id, the SKU, ...
    #[arg(long)]
    key: String,
    /// Only print which events these are.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    asking: Asking,
}

/// Works on the local folder, also while a kit is running on it.
pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let Command::Forget(forget) = command;
    let mut entities: Vec<&str> = specs().map(|spec| spec.entity).collect();
    entities.sort_unstable();
    entities.dedup();
    let entity = one_of("entity", &forget.entity, &entities, |entity| entity)?;
    if forget.key.is_empty() {
        bail!("`--key` is empty\n  hint: name one thing, such as `--entity customer --key 4711`");
    }
    let folder = Folder::open(root, "events")?;
    let found = found(&folder, entity, &forget.key)?;
    if forget.dry_run {
        return print(&found, forget.asking.json);
    }
    let (count, key) = (found.len(), &forget.key);
    forget.asking.confirm(&format!("remove the {count} events of {entity} `{key}` for good?"))?;
    let document = json!({"forget": {"entity": entity, "key": key}});
    let what = format!("{count} events of {entity} `{key}` are to be removed");
    forget.asking.place(&folder, &document, &what, u64::try_from(count).ok()).await
}

fn specs() -> impl Iterator<Item = &'static EventSpec> {
    actions::EVENTS.iter().chain(actions::COMMERCE_EVENTS)
}

/// What is known of an event beside its value.
struct Found {
    id: String,
    code: String,
    at: jiff::Timestamp,
}

fn found(folder: &Folder, entity: &str, key: &str) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let events = folder.reader.events(after, PAGE)?;
        let Some(last) = events.last() else { return Ok(found) };
        after = last.number;
        let of_it = events.iter().filter(|event| is_about(event, entity, key));
        found.extend(of_it.map(|event| Found { id: event.id.to_string(), code: event.code.to_string(), at: event.at }));
    }
}

fn is_about(event: &StoredEvent, entity: &str, key: &str) -> bool {
    let Some(spec) = specs().find(|spec| spec.code == &*event.code && spec.entity == entity) else { return false };
    let Ok(value) = serde_json::from_str::<&RawValue>(&event.body) else { return false };
    spec.keys.iter().any(|pointer| texts_at(value, pointer).iter().any(|found| found == key))
}

fn print(found: &[Found], json: bool) -> anyhow::Result<()> {
    if json {
        let rows: Vec<Value> = found
            .iter()
            .map(|event| json!({"event": event.id, "code": event.code, "accepted": event.at.to_string()}))
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let mut table = plain(["Accepted", "Event", "Event ID"]);
    for event in found {
        table.add_row([event.at.strftime("%F %T").to_string(), event.code.clone(), event.id.clone()]);
    }
    println!("{}", table.trim_fmt());
    println!("{} events would be removed", found.len());
    Ok(())
}
