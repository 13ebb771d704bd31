//! Any action, also one that is no web action, through the runtime API.

use std::path::Path;

use anyhow::{Context, bail};
use reqwest::StatusCode;
use serde_json::Value;
use settings::{Local, Remote, Server, Variables};

use super::{base, invoke};
use crate::cli::distant::Kit;
use crate::cli::table::{cell, print_json, printable};
use crate::inspect::said;
use crate::runtime_auth;

/// Runs the action and prints what was asked for; one that failed is an error.
pub async fn run(root: &Path, variables: &Variables, options: &invoke::Options) -> anyhow::Result<()> {
    let kit = kit(root, variables)?;
    let (name, shown) = (&options.name, &options.shown);
    let query = match (shown.no_wait, shown.blocking && !shown.result) {
        (true, _) => "blocking=false",
        (false, true) => "blocking=true",
        // The result comes out of the record, whose id is needed when it failed.
        (false, false) => "blocking=true&result=false",
    };
    let (status, answer) = kit.invoke(name, query, &options.parameters()?.into()).await?;
    if shown.no_wait {
        println!("{}", id(&answer)?);
        return Ok(());
    }
    if status == StatusCode::ACCEPTED {
        let id = id(&answer)?;
        println!("{id}");
        eprintln!(
            "note: `{name}` takes longer than a call waits, and goes on: `kit activation get {id}` shows its end"
        );
        return Ok(());
    }
    print_json(if shown.blocking && !shown.result { &answer } else { &answer["response"]["result"] })?;
    if status.is_success() {
        return Ok(());
    }
    let why = said(&answer["response"]["result"]).map(|said| format!(": {}", printable(&said))).unwrap_or_default();
    bail!("`{name}` ended with an error{why}\n  hint: `kit activation get {}` shows the run", id(&answer)?)
}

fn id(answer: &Value) -> anyhow::Result<String> {
    let id = cell(answer, "activationId");
    if id.is_empty() { Err(anyhow::anyhow!("the kit's answer names no activation")) } else { Ok(id) }
}

/// The kit that `KIT_URL` names, or the one of this folder.
fn kit(root: &Path, variables: &Variables) -> anyhow::Result<Kit> {
    if let Some(remote) = Remote::read(variables)? {
        return Kit::new(remote);
    }
    let local = Local::read(variables)?;
    let auth = runtime_auth::of_folder(&local, &root.join(&local.data))?.context(
        "no key of the runtime API is known here\n  hint: start `kit dev` in this folder once, or set `AIO_runtime_auth` as \
         the kit has it",
    )?;
    Kit::with_key(base(&Server::read(variables)?)?.to_owned(), auth)
}
