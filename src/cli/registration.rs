use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};

use super::orders::Asking;
use super::source::Source;
use super::table::{cell, plain, print_json, rows};
use crate::inspect::{Look, registrations};

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

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let source = Source::open(root, "registrations")?;
    let answer = source.ask(&Look::Registrations).await?;
    match command {
        Command::List { json: true } => print_json(&answer),
        Command::List { json: false } => {
            print(rows(&answer));
            Ok(())
        }
        Command::Enable { name, asking } => {
            let registration = find(&answer, name)?;
            let name = registration["name"].as_str().context("a registration has a name")?;
            if registration["enabled"] == true && registration["health"] == "active" {
                asking.nothing(&format!("`{name}` is enabled and active already"));
                return Ok(());
            }
            let look = "`kit registration list` shows how it is doing";
            asking.confirm.confirm(&format!("have `{name}` get its events again?"), look)?;
            let document = json!({"enable": {"registration": name}});
            asking.place(&source, &document, &format!("`{name}` is to be enabled"), None).await
        }
    }
}

/// By name, slug or id.
pub fn find<'a>(answer: &'a Value, wanted: &str) -> anyhow::Result<&'a Value> {
    let is_meant = |row: &&Value| ["name", "slug", "registration_id"].iter().any(|member| row[*member] == wanted);
    let names = ["name", "slug"].into_iter().flat_map(|member| rows(answer).iter().map(move |row| &row[member]));
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    let found = rows(answer).iter().find(is_meant);
    Ok(found.ok_or_else(|| registrations::unknown(wanted, &names))?)
}

fn print(registrations: &[Value]) {
    let mut table =
        plain(["Name", "Slug", "Health", "Enabled", "Open", "Undelivered", "Attempts 24 h", "Failures 24 h"]);
    for row in registrations {
        table.add_row([
            cell(row, "name"),
            cell(row, "slug"),
            cell(row, "health"),
            if row["enabled"] == true { "yes" } else { "no" }.to_owned(),
            cell(row, "open"),
            cell(row, "undelivered"),
            cell(row, "attempts_24h"),
            cell(row, "failures_24h"),
        ]);
    }
    println!("{}", table.trim_fmt());
}
