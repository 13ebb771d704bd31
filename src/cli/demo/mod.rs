mod door;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value, json};
use settings::{Mode, Variables};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Found;
use super::table::plain;
use crate::compose::{Kit, compose};
use crate::dev_client::DevClient;
use crate::project::Project;
use crate::targets::Fallback;
use crate::{log, run};
use door::{Door, Doors};

#[derive(Debug, Args)]
pub struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A sample has to be through within this time.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(30);

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

/// Sends a sample of every event that has a handler through the whole way: HTTP, store, delivery, handler, Commerce or
/// back office. Runs on a port and in a folder of its own, whatever `.env` says.
pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a private folder")?;
    let data = folder.path().to_str().context("the private folder has a name that is not UTF-8")?;
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "error".to_owned());
    let variables = Variables::from_pairs([
        ("KIT_BIND", "127.0.0.1:0"),
        ("KIT_DATA", data),
        ("LOG_LEVEL", level.as_str()),
        // The samples are all that happens.
        ("KIT_SANDBOX_EVENTS", "off"),
    ]);
    let project = Project::read(root, &variables, Mode::Dev)?;
    let telemetry = log::start(&project)?;
    let listener = TcpListener::bind(project.environment.bind).await.context("no free port on loopback")?;
    let address = listener.local_addr()?;
    let kit = compose(&project, address, Some(Fallback::sandbox(&project, address))).await?;
    let doors = doors(&kit, &project, address).await?;
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(run::run(kit, listener, stopped, telemetry));
    let rows = send_all(&project, &doors).await;
    let _ = stop.send(true);
    server.await.context("the demo's server ended in a panic")?;
    let (rows, unhandled) = rows?;
    print(&rows, &unhandled, options)
}

/// The ways in, with a client of the events service's own for the second.
async fn doors(kit: &Kit, project: &Project, address: SocketAddr) -> anyhow::Result<Doors> {
    let client = DevClient::prepare(kit, &project.environment.events.service).await?;
    Ok(Doors {
        http: reqwest::Client::builder().timeout(SAMPLE_TIMEOUT).build()?,
        base_url: format!("http://{address}"),
        store: Arc::clone(&kit.store),
        client_id: client.credential.client_id,
        client_secret: client.secret.context("the demo's client has a secret of its own")?,
    })
}

/// What a back office sends goes through the ingestion webhook, what Commerce sends through the events ingress.
async fn send_all(project: &Project, doors: &Doors) -> anyhow::Result<(Vec<Row>, Vec<String>)> {
    let registrations = doors.store.catalogue().await?.registrations;
    let mut rows = Vec::new();
    let mut unhandled = Vec::new();
    let ways = [("backoffice", Door::Ingestion), ("commerce", doors.ingress(project).await?)];
    for (provider, door) in &ways {
        for sample in onboarding::samples(&project.config_folder(), provider)? {
            let is_wanted = |registration: &&store::Registration| {
                registration.events_of_interest.iter().any(|interest| interest.event_code == sample.code)
            };
            match registrations.iter().find(is_wanted) {
                Some(registration) => rows.push(doors.send(door, &sample, registration.id).await?),
                None => unhandled.push(sample.code),
            }
        }
    }
    ensure!(!rows.is_empty(), "no event has a registration whose action is deployed; see `kit check`");
    Ok((rows, unhandled))
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
            println!("\n{} more events have no registration: {}", unhandled.len(), unhandled.join(", "));
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
