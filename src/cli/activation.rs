use std::path::Path;

use anyhow::{Context, bail};
use clap::Subcommand;
use comfy_table::Table;
use serde_json::{Value, json};
use settings::Local;
use store::{Activation, Filter, Reader};

use super::rerun;
use super::table::plain;

use crate::secrets;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List runs, newest first.
    List {
        /// How many at the most.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only runs of this action: `package/action`, or its name in any package.
        #[arg(long)]
        action: Option<String>,
        /// Print only how many there are.
        #[arg(long, conflicts_with = "limit")]
        count: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one run with its result, as JSON.
    Get {
        /// The activation's id: 32 hex digits.
        id: sdk::ActivationId,
        /// JSON is what is printed anyway.
        #[arg(long)]
        json: bool,
    },
    /// Run the action of a run again, on the recorded event and against the recorded answers of targets: nothing is sent and
    /// nothing is written.
    Rerun(rerun::Options),
}

/// Reads the local folder, also while a kit is running on it.
pub async fn run(root: &Path, command: &Command) -> anyhow::Result<()> {
    if let Command::Rerun(options) = command {
        return rerun::run(root, options).await;
    }
    let variables = secrets::variables(root)?;
    let local = Local::read(&variables)?;
    for name in local.unread {
        eprintln!("note: `{name}` is set, but nothing reads it yet; this is the local folder");
    }
    let folder = root.join(&local.data);
    let reader = Reader::open(&folder).context("no activations can be read; has a kit run in this folder yet?")?;
    match command {
        Command::List { limit, action, count, json } => {
            let filter = Filter { limit: usize::from(*limit), action: action.clone(), ..Filter::default() };
            if *count {
                let count = reader.count(&filter)?;
                println!("{}", if *json { json!({"activations": count}).to_string() } else { count.to_string() });
                return Ok(());
            }
            let activations = reader.activations(&filter)?;
            if *json {
                let records: Vec<Value> = activations.iter().map(record).collect();
                println!("{}", serde_json::to_string_pretty(&records)?);
            } else {
                println!("{}", table(&activations).trim_fmt());
            }
        }
        Command::Get { id, json: _ } => {
            let Some(activation) = reader.activation(id.uuid())? else {
                bail!("there is no activation {id}; `kit activation list` shows those that are kept");
            };
            println!("{}", serde_json::to_string_pretty(&record(&activation))?);
        }
        Command::Rerun(_) => {}
    }
    Ok(())
}

fn table(activations: &[Activation]) -> Table {
    let mut table = plain(["Start", "Status", "Activation ID", "Duration", "Attempt", "Action"]);
    for activation in activations {
        table.add_row([
            activation.start.strftime("%F %T").to_string(),
            activation.status.as_str().to_owned(),
            activation.id.simple().to_string(),
            format!("{} ms", duration_ms(activation)),
            if activation.attempt == 0 { String::new() } else { activation.attempt.to_string() },
            activation.action.clone(),
        ]);
    }
    table
}

/// The record in OpenWhisk's shape.
fn record(activation: &Activation) -> Value {
    let result: Value = serde_json::from_str(&activation.result).unwrap_or_default();
    let mut annotations =
        vec![json!({"key": "path", "value": activation.action}), json!({"key": "kind", "value": "rust"})];
    if let Some(event) = activation.event {
        annotations.push(json!({"key": "event", "value": event.hyphenated().to_string()}));
    }
    if activation.attempt > 0 {
        annotations.push(json!({"key": "attempt", "value": activation.attempt}));
    }
    json!({
        "activationId": activation.id.simple().to_string(),
        "cause": activation.cause.map(|cause| cause.simple().to_string()),
        "name": activation.action.rsplit('/').next(),
        "start": activation.start.as_millisecond(),
        "end": activation.end.as_millisecond(),
        "duration": duration_ms(activation),
        "response": {
            "status": activation.status.as_str(),
            "success": activation.status == store::Status::Success,
            "result": result,
            "size": activation.result.len(),
        },
        "annotations": annotations,
    })
}

fn duration_ms(activation: &Activation) -> i64 {
    activation.end.as_millisecond() - activation.start.as_millisecond()
}
