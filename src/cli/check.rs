use std::path::Path;

use clap::Args;
use serde_json::json;
use settings::{Faults, Ingestion, Mode, Variables};

use super::Found;
use crate::project::Project;

#[derive(Debug, Args)]
pub struct Options {
    /// Check what `kit serve` needs instead of what `kit dev` needs.
    #[arg(long)]
    serve: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let (mode, command) = if options.serve { (Mode::Serve, "kit serve") } else { (Mode::Dev, "kit dev") };
    let read = Variables::read(root).and_then(|variables| Project::read(root, &variables, mode));
    if options.json {
        println!("{}", as_json(command, read.as_ref()));
    } else if let Err(faults) = &read {
        eprintln!("{faults}");
        eprintln!("{} to mend before `{command}` can start", faults.len());
    }
    let project = read.map_err(|_| Found)?;
    if !options.json {
        for name in &project.environment.unread {
            println!("`{name}` is set, but nothing reads it yet");
        }
        for strange in project.strange_overrides() {
            println!("{strange}");
        }
        println!("{}", senders(&project.environment.ingestion));
        println!("{} actions and their settings are in order for `{command}`", project.manifest.actions.len());
    }
    Ok(())
}

/// Who may send events.
fn senders(ingestion: &Ingestion) -> String {
    let names: Vec<String> = ingestion.names().iter().map(|name| format!("`{name}`")).collect();
    let whose = match names.as_slice() {
        [] => "from everybody who reaches it".to_owned(),
        _ => format!("that {} accepts", names.join(" or ")),
    };
    let networks = match ingestion.networks.as_slice() {
        [] => String::new(),
        networks => {
            let texts: Vec<String> = networks.iter().map(ToString::to_string).collect();
            format!(", when they come from {}", texts.join(" or "))
        }
    };
    format!("the ingestion webhook takes events {whose}{networks}")
}

fn as_json(command: &str, read: Result<&Project, &Faults>) -> serde_json::Value {
    let ingestion = read.ok().map(|project| project.environment.ingestion.names());
    let faults: Vec<_> = read
        .err()
        .into_iter()
        .flatten()
        .map(|fault| {
            let at = fault.at.as_ref().map(ToString::to_string);
            json!({"at": at, "key": fault.key, "problem": fault.problem, "hint": fault.hint})
        })
        .collect();
    json!({"command": command, "ok": faults.is_empty(), "faults": faults, "ingestion": ingestion})
}
