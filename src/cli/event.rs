use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};
use sdk::EventSpec;
use sdk::json::texts_at;
use serde_json::json;
use serde_json::value::RawValue;
use store::{DeliveryFilter, StoredEvent};

use super::local::{Folder, one_of};
use super::orders::Asking;
use super::table::{plain, printable};

/// Events that are looked at in one go.
const PAGE: usize = 500;

/// Deliveries of one event that are looked at.
const OF_EVENT_MAX: usize = 1_000;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all events of one thing, such as an order, oldest first, and what became of them.
    List(List),
    /// Remove all events of one thing, such as a customer, and everything that was recorded about them; what was not
    /// delivered yet never will be.
    Forget(Forget),
}

/// One thing that events are about.
#[derive(Debug, Args)]
struct Thing {
    /// What it is: `customer`, `order`, `product`, ...
    #[arg(long)]
    entity: String,
    /// Its business key: the customer's id, the SKU, ...
    #[arg(long)]
    key: String,
}

impl Thing {
    fn entity(&self) -> anyhow::Result<&'static str> {
        let mut entities: Vec<&str> = specs().map(|spec| spec.entity).collect();
        entities.sort_unstable();
        entities.dedup();
        if self.key.is_empty() {
            bail!("`--key` is empty\n  hint: name one thing, such as `--entity customer --key 4711`");
        }
        one_of("entity", &self.entity, &entities, |entity| entity)
    }
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    thing: Thing,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Forget {
    #[command(flatten)]
    thing: Thing,
    /// Only print which events these are.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    asking: Asking,
}

/// Works on the local folder, also while a kit is running on it.
pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(List { thing, json }) => {
            let entity = thing.entity()?;
            let folder = Folder::open(root, "events")?;
            let found = found(&folder, entity, &thing.key)?;
            print(&folder, &found, *json)
        }
        Command::Forget(options) => forget(root, options).await,
    }
}

async fn forget(root: &Path, options: &Forget) -> anyhow::Result<()> {
    let (entity, key) = (options.thing.entity()?, &options.thing.key);
    let folder = Folder::open(root, "events")?;
    let found = found(&folder, entity, key)?;
    let count = found.len();
    if options.dry_run {
        print(&folder, &found, options.asking.json)?;
        if !options.asking.json {
            println!("{count} events would be removed; nothing was changed");
        }
        return Ok(());
    }
    if count == 0 {
        options.asking.nothing(&format!("there are no events of {entity} `{key}`"));
        return Ok(());
    }
    let question = format!("remove {count} events of {entity} `{key}` for good?");
    options.asking.confirm.confirm(&question, "`--dry-run` shows which")?;
    let document = json!({"forget": {"entity": entity, "key": key}});
    let what = format!("{count} events of {entity} `{key}` are to be removed");
    options.asking.place(&folder, &document, &what, u64::try_from(count).ok()).await
}

fn specs() -> impl Iterator<Item = &'static EventSpec> {
    actions::EVENTS.iter().chain(actions::COMMERCE_EVENTS)
}

/// What is known of an event beside its value.
struct Found {
    id: String,
    /// What its sender calls it.
    uid: Option<String>,
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
        found.extend(of_it.map(|event| Found {
            id: event.id.to_string(),
            uid: event.given_id.as_deref().or(event.uid.as_deref()).map(printable),
            code: event.code.to_string(),
            at: event.at,
        }));
    }
}

fn is_about(event: &StoredEvent, entity: &str, key: &str) -> bool {
    let Some(spec) = specs().find(|spec| spec.code == &*event.code && spec.entity == entity) else { return false };
    let Ok(value) = serde_json::from_str::<&RawValue>(&event.body) else { return false };
    spec.keys.iter().any(|pointer| texts_at(value, pointer).iter().any(|found| found == key))
}

/// The states of an event's deliveries; none when nobody was registered for it any more.
fn states(folder: &Folder, event: &Found) -> anyhow::Result<Vec<&'static str>> {
    let filter = DeliveryFilter { event: Some(event.id.clone()), limit: OF_EVENT_MAX, ..DeliveryFilter::default() };
    Ok(folder.reader.deliveries(&filter)?.iter().map(|listed| listed.delivery.state.as_str()).collect())
}

fn print(folder: &Folder, found: &[Found], json: bool) -> anyhow::Result<()> {
    let (mut rows, mut table) = (Vec::new(), plain(["Accepted", "State", "Event", "Event ID", "UID"]));
    for event in found {
        let states = states(folder, event)?;
        let (id, uid, at) = (event.id.clone(), event.uid.clone(), event.at);
        if json {
            let accepted = at.to_string();
            rows.push(json!({"event": id, "uid": uid, "code": event.code, "accepted": accepted, "states": states}));
        } else {
            let at = at.strftime("%F %T").to_string();
            table.add_row([at, states.join(", "), event.code.clone(), id, uid.unwrap_or_default()]);
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else if found.is_empty() {
        eprintln!("no event is about that");
    } else {
        println!("{}", table.trim_fmt());
    }
    Ok(())
}
