use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use onboarding::Sample;
use serde_json::{Value, json};
use settings::{Mode, Variables};
use store::{Activation, Filter, State, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Found;
use super::dev::{random_token, sandbox_url};
use super::table::plain;
use crate::compose::compose;
use crate::deploy::Fallback;
use crate::project::Project;
use crate::{log, run};

#[derive(Debug, Args)]
pub struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A sample has to be through within this time.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the store is asked whether a sample is through.
const ASKED_EVERY: Duration = Duration::from_millis(5);

/// What became of one sample.
struct Row {
    code: String,
    action: String,
    status: u64,
    milliseconds: u128,
    activation: String,
    text: String,
    is_fine: bool,
}

/// Sends a sample of every event that has a handler through the whole way: HTTP, store, delivery, handler, Commerce.
/// Runs on a port and in a folder of its own, whatever `.env` says.
pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a private folder")?;
    let data = folder.path().to_str().context("the private folder has a name that is not UTF-8")?;
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "error".to_owned());
    let variables =
        Variables::from_pairs([("KIT_BIND", "127.0.0.1:0"), ("KIT_DATA", data), ("LOG_LEVEL", level.as_str())]);
    let project = Project::read(root, &variables, Mode::Dev)?;
    log::start(project.environment.log_level);
    let listener = TcpListener::bind(project.environment.bind).await.context("no free port on loopback")?;
    let address = listener.local_addr()?;
    let kit =
        compose(&project, address, Some(Fallback { base_url: sandbox_url(address), token: random_token() })).await?;
    let store = Arc::clone(&kit.store);
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(run::run(kit, listener, stopped));
    let rows = send_all(&project, address, &*store).await;
    let _ = stop.send(true);
    server.await.context("the demo's server ended in a panic")??;
    let (rows, unhandled) = rows?;
    print(&rows, &unhandled, options)
}

async fn send_all(
    project: &Project,
    address: SocketAddr,
    store: &dyn Store,
) -> anyhow::Result<(Vec<Row>, Vec<String>)> {
    let registered = store.catalogue().await?.registrations;
    let is_registered = |code: &str| {
        registered
            .iter()
            .any(|registration| registration.events_of_interest.iter().any(|interest| interest.event_code == code))
    };
    let mut rows = Vec::new();
    let mut unhandled = Vec::new();
    let client = reqwest::Client::builder().timeout(SAMPLE_TIMEOUT).build()?;
    for sample in onboarding::samples(&project.config_folder(), "backoffice")? {
        if is_registered(&sample.code) {
            rows.push(send(&client, address, store, &sample).await?);
        } else {
            unhandled.push(sample.code);
        }
    }
    ensure!(!rows.is_empty(), "no event has a registration whose action is deployed; see `kit check`");
    Ok((rows, unhandled))
}

/// Posts one sample and waits until it is delivered for good.
async fn send(
    client: &reqwest::Client,
    address: SocketAddr,
    store: &dyn Store,
    sample: &Sample,
) -> anyhow::Result<Row> {
    let url = format!("http://{address}/api/v1/web/ingestion/webhook");
    let body = json!({"data": {"uid": format!("demo-{}", sample.code), "event": sample.code, "value": sample.value}});
    let begun = Instant::now();
    let response = client.post(&url).json(&body).send().await.context("the ingestion webhook does not answer")?;
    let status = response.status();
    let id = response.headers().get("x-openwhisk-activation-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    if !status.is_success() {
        let answer: Value = response.json().await.unwrap_or_default();
        let text = answer.get("error").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Ok(Row {
            code: sample.code.clone(),
            action: "ingestion/webhook".to_owned(),
            status: status.as_u16().into(),
            milliseconds: begun.elapsed().as_millis(),
            activation: id.unwrap_or_default(),
            text,
            is_fine: false,
        });
    }
    let event: sdk::ActivationId = id.as_deref().unwrap_or_default().parse()?;
    let state = wait_until_final(store, event, begun).await?;
    let milliseconds = begun.elapsed().as_millis();
    let filter = Filter { limit: 100, action: None, event: Some(event.uuid()) };
    let runs = store.activations(filter).await?;
    let handler = runs.iter().find(|run| run.cause.is_some()).or(runs.first()).context("nothing ran")?;
    Ok(row(sample, handler, milliseconds, state))
}

async fn wait_until_final(store: &dyn Store, event: sdk::ActivationId, begun: Instant) -> anyhow::Result<State> {
    while begun.elapsed() < SAMPLE_TIMEOUT {
        let stored = store.event(event.uuid()).await?;
        let (_, deliveries) = stored.context("an accepted event is not in the store")?;
        if deliveries.iter().all(|delivery| !delivery.state.is_open()) {
            let failed = deliveries.iter().find(|delivery| delivery.state != State::Done);
            return Ok(failed.map_or(State::Done, |delivery| delivery.state));
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    bail!("a sample was not delivered within {} s", SAMPLE_TIMEOUT.as_secs())
}

fn row(sample: &Sample, run: &Activation, milliseconds: u128, state: State) -> Row {
    let result: Value = serde_json::from_str(&run.result).unwrap_or_default();
    let result = result.get("error").unwrap_or(&result);
    let status = result.get("statusCode").and_then(Value::as_u64).unwrap_or_default();
    let text = ["/body/message", "/body/error"].iter().find_map(|path| result.pointer(path)?.as_str());
    Row {
        code: sample.code.clone(),
        action: run.action.clone(),
        status,
        milliseconds,
        activation: run.id.simple().to_string(),
        text: text.unwrap_or_default().to_owned(),
        is_fine: state == State::Done && (200..300).contains(&status),
    }
}

fn print(rows: &[Row], unhandled: &[String], options: &Options) -> anyhow::Result<()> {
    if options.json {
        let rows: Vec<Value> = rows.iter().map(as_json).collect();
        println!("{}", serde_json::to_string_pretty(&json!({"rows": rows, "without_handler": unhandled}))?);
    } else {
        let mut table = plain(["Event", "Action", "statusCode", "ms", "Activation ID", "Message"]);
        for row in rows {
            table.add_row([
                row.code.clone(),
                row.action.clone(),
                row.status.to_string(),
                row.milliseconds.to_string(),
                row.activation.clone(),
                row.text.clone(),
            ]);
        }
        println!("{}", table.trim_fmt());
        if !unhandled.is_empty() {
            println!("\n{} more events have a schema and no handler yet: {}", unhandled.len(), unhandled.join(", "));
        }
    }
    if rows.iter().all(|row| row.is_fine) { Ok(()) } else { Err(Found.into()) }
}

fn as_json(row: &Row) -> Value {
    json!({
        "event": row.code,
        "action": row.action,
        "statusCode": row.status,
        "ms": row.milliseconds,
        "activationId": row.activation,
        "message": row.text,
    })
}
