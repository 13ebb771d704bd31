use std::path::Path;

use clap::Args;
use serde_json::Value;
use settings::Manifest;

use crate::cli::source::Source;
use crate::cli::table::{cut, plain, printable};
use crate::inspect::Look;
use crate::rerun::{self, CallAgain, RunAgain};
use crate::secrets;

/// Of what a target had said.
const ERROR_CHARACTERS: usize = 120;

#[derive(Debug, Args)]
pub struct Options {
    /// The activation's id: 32 hex digits.
    id: sdk::ActivationId,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the actions of this program: with a handler that was changed since the answer may be another one.
pub async fn run(root: &Path, source: &Source, options: &Options) -> anyhow::Result<()> {
    let variables = secrets::variables(root)?;
    let manifest = Manifest::load(root, &variables)?;
    secrets::learn_inputs(&manifest);
    let case = source.ask(&Look::Case(options.id.uuid())).await?;
    let again = rerun::rerun(serde_json::from_value(case)?, manifest).await?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&again)?);
        return Ok(());
    }
    print(&again);
    Ok(())
}

fn print(again: &[RunAgain]) {
    let mut table = plain(["Action", "Activation ID", "Recorded", "Now"]);
    for run in again {
        let then = run.recorded.as_ref();
        table.add_row([
            run.action.clone(),
            then.map(|then| then.activation_id.clone()).unwrap_or_default(),
            then.map_or("not run".to_owned(), |then| number(&then.result)),
            run.status.to_string(),
        ]);
    }
    println!("{}", table.trim_fmt());
    if again.iter().any(|run| !run.calls.is_empty() || !run.calls_missing.is_empty()) {
        println!();
        let mut table = plain(["Call", "Request", "Recorded answer"]);
        for run in again {
            for call in &run.calls {
                table.add_row([
                    printable(&format!("{} {} {}", call.target, call.method, call.path)),
                    call.compared.as_str().to_owned(),
                    answer(call),
                ]);
            }
            for call in &run.calls_missing {
                table.add_row([printable(call), "not made now".to_owned(), String::new()]);
            }
        }
        println!("{}", table.trim_fmt());
    }
    if let Some(first) = again.first() {
        println!();
        println!("{}", serde_json::to_string_pretty(&first.result).unwrap_or_default());
    }
    eprintln!("nothing was sent, and nothing was written");
}

fn number(result: &Value) -> String {
    let number = result.get("error").unwrap_or(result).get("statusCode");
    number.map(ToString::to_string).unwrap_or_default()
}

fn answer(call: &CallAgain) -> String {
    let status = call.status.map(|status| status.to_string()).unwrap_or_default();
    let error = call.error.as_deref().map(|error| cut(&printable(error), ERROR_CHARACTERS)).unwrap_or_default();
    format!("{status} {error}").trim().to_owned()
}
