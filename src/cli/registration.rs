use std::path::Path;

use clap::Subcommand;
use engine::slug;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::{AttemptCount, Registration, StateCount};

use super::local::Folder;
use super::orders::Asking;
use super::table::plain;

/// How far back attempts are counted.
const COUNTED: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the registrations: how they are doing, and what they have to do.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have a registration get its events again that was disabled; `kit delivery replay --state journaled` brings those
    /// that came in between.
    Enable {
        /// Its name or slug.
        name: String,
        #[command(flatten)]
        asking: Asking,
    },
}

/// Works on the local folder, also while a kit is running on it.
pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let folder = Folder::open(root, "registrations")?;
    match command {
        Command::List { json } => list(&folder, *json),
        Command::Enable { name, asking } => {
            let registrations = folder.registrations()?;
            let registration = registrations.find(name)?;
            let name = &registration.name;
            if registration.enabled && registration.health == store::RegistrationHealth::Active {
                asking.nothing(&format!("`{name}` is enabled and active already"));
                return Ok(());
            }
            let look = "`kit registration list` shows how it is doing";
            asking.confirm.confirm(&format!("have `{name}` get its events again?"), look)?;
            let document = json!({"enable": {"registration": name}});
            asking.place(&folder, &document, &format!("`{name}` is to be enabled"), None).await
        }
    }
}

struct Row<'a> {
    registration: &'a Registration,
    open: u64,
    undelivered: u64,
    attempts: AttemptCount,
}

fn list(folder: &Folder, json: bool) -> anyhow::Result<()> {
    let since = Timestamp::now().saturating_sub(COUNTED).unwrap_or(Timestamp::MIN);
    let (counts, attempts) = (folder.reader.undelivered()?, folder.reader.attempt_counts(since)?);
    let registrations = folder.registrations()?;
    let rows = registrations.iter().map(|registration| {
        let own = counts.iter().filter(|count| count.registration == registration.id);
        let sum = |counts: &mut dyn Iterator<Item = &StateCount>| counts.map(|count| count.count).sum();
        Row {
            registration,
            open: sum(&mut own.clone().filter(|count| count.state.is_open())),
            undelivered: sum(&mut own.clone()),
            attempts: attempts.iter().find(|count| count.registration == registration.id).copied().unwrap_or_default(),
        }
    });
    if json {
        let rows: Vec<Value> = rows.map(|row| as_json(&row)).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let mut table =
        plain(["Name", "Slug", "Health", "Enabled", "Open", "Undelivered", "Attempts 24 h", "Failures 24 h"]);
    for row in rows {
        table.add_row([
            row.registration.name.clone(),
            slug(&row.registration.name),
            row.registration.health.as_str().to_owned(),
            if row.registration.enabled { "yes" } else { "no" }.to_owned(),
            row.open.to_string(),
            row.undelivered.to_string(),
            row.attempts.attempts.to_string(),
            row.attempts.failures.to_string(),
        ]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

fn as_json(row: &Row<'_>) -> Value {
    json!({
        "name": row.registration.name,
        "slug": slug(&row.registration.name),
        "registration_id": row.registration.registration_id,
        "health": row.registration.health.as_str(),
        "enabled": row.registration.enabled,
        "open": row.open,
        "undelivered": row.undelivered,
        "attempts_24h": row.attempts.attempts,
        "failures_24h": row.attempts.failures,
    })
}
