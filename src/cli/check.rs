use std::path::Path;

use clap::Args;
use serde_json::json;
use settings::{EnvFileOpen, Fault, Faults, Ingestion, Mode};

use super::Found;
use super::subscribe::{unrouted, unusable};
use crate::project::Project;
use crate::secrets;

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
    let open = EnvFileOpen::of(root).filter(|open| !(options.serve && open.is_for_everybody()));
    let read = read(root, mode);
    if options.json {
        println!("{}", as_json(command, read.as_ref(), open));
    } else if let Err(faults) = &read {
        eprintln!("{faults}");
        eprintln!("{} to mend before `{command}` can start", faults.len());
    }
    let project = read.map_err(|_| Found)?;
    if !options.json {
        if let Some(open) = open {
            println!("{}", open.fault());
        }
        for name in &project.environment.unread {
            println!("`{name}` is set, but nothing reads it yet");
        }
        for strange in project.strange_overrides() {
            println!("{strange}");
        }
        let (desired, manifest) = (&project.desired, &project.manifest);
        let doubts = unrouted(desired, manifest).into_iter();
        for doubt in doubts.chain(unusable(&project.config_folder(), desired, manifest)) {
            println!("{doubt}");
        }
        println!("{}", senders(&project.environment.ingestion));
        println!("{} actions and their settings are in order for `{command}`", project.manifest.actions.len());
    }
    Ok(())
}

/// A file with secrets that everybody can read is no fault while somebody tries things out.
fn read(root: &Path, mode: Mode) -> Result<Project, Faults> {
    let read = secrets::variables(root).and_then(|variables| Project::read(root, &variables, mode));
    let open = EnvFileOpen::of(root).filter(|open| mode == Mode::Serve && open.is_for_everybody());
    let Some(open) = open else { return read };
    let others = read.err().into_iter().flatten();
    Err(Faults::collect(others.chain([open.fault()])).expect("there is one fault at least"))
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

fn as_json(command: &str, read: Result<&Project, &Faults>, open: Option<EnvFileOpen>) -> serde_json::Value {
    let ingestion = read.ok().map(|project| project.environment.ingestion.names());
    let told = |fault: &Fault| {
        let at = fault.at.as_ref().map(ToString::to_string);
        json!({"at": at, "key": fault.key, "problem": fault.problem, "hint": fault.hint})
    };
    let faults: Vec<_> = read.err().into_iter().flatten().map(told).collect();
    let notes: Vec<_> = open.iter().map(|open| told(&open.fault())).collect();
    json!({"command": command, "ok": faults.is_empty(), "faults": faults, "notes": notes, "ingestion": ingestion})
}
