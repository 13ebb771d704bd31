mod invoke;
pub mod proof;
mod runtime;
mod sync_bar;

use std::path::Path;

use anyhow::{Context, bail};
use clap::Subcommand;
use comfy_table::{Table, presets};
use reqwest::header::HeaderMap;
use sdk::Entry;
use serde_json::{Value, json};
use settings::{Action, Manifest, Server, ServerUrl, Web, nearest};

use super::table::plain;
use crate::guards;
use crate::secrets;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the actions that `app.config.yaml` deploys.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one action.
    Get {
        /// `package/action`.
        name: String,
        /// Print only its URL: where everybody calls a web action, or where the runtime API has another one invoked.
        #[arg(long)]
        url: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have an action of a running kit run and print its answer, or its result.
    Invoke(invoke::Options),
}

pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    let variables = secrets::variables(root)?;
    let manifest = Manifest::load(root, &variables)?;
    match command {
        Command::List { json } => list(&manifest, *json),
        Command::Get { name, url, json } => {
            let action = find(&manifest, name)?;
            let server = Server::read(&variables)?;
            if *url { print_url(action, &server, *json) } else { print_one(action, &manifest, &server, *json) }
        }
        Command::Invoke(options) => {
            let action = find(&manifest, &options.name)?;
            let server = Server::read(&variables)?;
            if action.web == Web::No || options.shown.is_said() {
                return runtime::run(root, &variables, options).await;
            }
            let proof = if guards::demands_adobe_auth(action) {
                proof::headers(&variables, &server).await?
            } else {
                HeaderMap::new()
            };
            invoke::run(action, &url(action, &server)?, options, proof).await
        }
    }
}

fn find<'a>(manifest: &'a Manifest, name: &str) -> anyhow::Result<&'a Action> {
    let found = manifest.actions.iter().find(|action| action.full_name() == name);
    found.with_context(|| {
        let names: Vec<String> = manifest.actions.iter().map(Action::full_name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let meant = nearest(name, &names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        format!("there is no action `{name}`\n  hint: {meant}`kit action list` shows those there are")
    })
}

/// Where HTTP callers reach a web action; another one is reached by whoever has the key of the runtime API.
fn url(action: &Action, server: &Server) -> anyhow::Result<String> {
    let base = base(server)?;
    let face = if action.web == Web::No { "namespaces/_/actions" } else { "web" };
    Ok(format!("{base}api/v1/{face}/{}/{}", sdk::segment(&action.package), sdk::segment(&action.name)))
}

/// Where the kit is.
pub fn base(server: &Server) -> anyhow::Result<&str> {
    match &server.url {
        ServerUrl::Known(base) => Ok(base),
        ServerUrl::AnyPort => bail!(
            "the address of the kit cannot be known: `KIT_BIND` lets it pick its port itself\n  hint: set `KIT_URL` to \
             the address that it prints when it starts"
        ),
        ServerUrl::Certified => bail!(
            "the address of the kit cannot be known: it answers by TLS\n  hint: set `KIT_URL` to the `https` address that \
             its certificate is for"
        ),
    }
}

/// The codes of the events that an action runs on.
fn events(action: &Action, manifest: &Manifest) -> Vec<&'static str> {
    let table = actions::table().into_entries();
    let mut codes = Vec::new();
    for other in &manifest.actions {
        let Some(Entry::Event(consumer)) = table.get(other.function.as_str()) else { continue };
        let is_own = other.full_name() == action.full_name();
        let routes = consumer.routes().iter();
        codes.extend(routes.filter(|route| is_own || route.leads_to(&action.full_name())).map(sdk::Route::code));
    }
    codes
}

fn list(manifest: &Manifest, json: bool) -> anyhow::Result<()> {
    if json {
        let rows: Vec<Value> = manifest.actions.iter().map(row).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let mut table = plain(["Action", "Web", "Function"]);
    for action in &manifest.actions {
        table.add_row([action.full_name(), web(action).to_owned(), action.function.clone()]);
    }
    println!("{}", table.trim_fmt());
    Ok(())
}

fn row(action: &Action) -> Value {
    json!({"name": action.full_name(), "web": action.web != Web::No, "function": action.function})
}

fn web(action: &Action) -> &'static str {
    match action.web {
        Web::No => "no",
        Web::Yes | Web::Raw => "yes",
    }
}

fn print_url(action: &Action, server: &Server, json: bool) -> anyhow::Result<()> {
    let url = url(action, server)?;
    println!("{}", if json { json!({"url": url}).to_string() } else { url });
    Ok(())
}

/// Of the inputs only the names: values can be secrets.
fn print_one(action: &Action, manifest: &Manifest, server: &Server, json: bool) -> anyhow::Result<()> {
    let url = url(action, server).ok();
    let events = events(action, manifest);
    let inputs: Vec<&str> = action.inputs.keys().map(String::as_str).collect();
    if json {
        let mut shown = row(action);
        shown["url"] = json!(url);
        shown["events"] = json!(events);
        shown["inputs"] = json!(inputs);
        shown["annotations"] = json!(action.annotations);
        shown["timeoutMs"] = json!(action.limits.timeout_ms);
        println!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    let annotations: Vec<String> = action.annotations.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row(["Action", &action.full_name()]);
    table.add_row(["Web", web(action)]);
    table.add_row(["Function", &action.function]);
    table.add_row(["URL", url.as_deref().unwrap_or_default()]);
    table.add_row(["Events", &events.join("\n")]);
    table.add_row(["Inputs", &inputs.join("\n")]);
    table.add_row(["Annotations", &annotations.join("\n")]);
    table.add_row(["Time limit", &format!("{} ms", action.limits.timeout_ms)]);
    println!("{}", table.trim_fmt());
    Ok(())
}
