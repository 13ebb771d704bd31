//! What `kit check` and the commands of onboarding say of the settings and files.

use std::path::Path;

use adobe::Pool;
use anyhow::Context;
use onboarding::{Record, WORKSPACE_FILE};
use settings::{Fault, Faults, Mode, Onboarding};

use super::finding::Finding;
use crate::cli::onboard::eventing::workspace_file;
use crate::cli::onboard::ground::Ground;
use crate::project::Project;
use crate::secrets;

const CHECK: &str = "variables";

/// The settings, as far as they can be read.
pub struct Read {
    pub findings: Vec<Finding>,
    pub project: Option<Project>,
    pub ground: Option<Ground>,
}

/// # Errors
/// There is no usable TLS.
pub fn read(root: &Path, mode: Mode) -> anyhow::Result<Read> {
    let variables = match secrets::variables(root) {
        Ok(variables) => variables,
        Err(faults) => return Ok(Read { findings: bad(faults), project: None, ground: None }),
    };
    let (mut faults, mut project) = (Vec::new(), None);
    match Project::read(root, &variables, mode) {
        Ok(read) => project = Some(read),
        Err(found) => faults.extend(found),
    }
    let ground = match Onboarding::read(&variables) {
        Ok(settings) => {
            let pool = Pool::new(&settings.egress).context("no connection can be made")?;
            let ground = Ground { root: root.to_owned(), variables, settings, pool };
            faults.extend(of_onboarding(&ground));
            Some(ground)
        }
        Err(found) => {
            faults.extend(found);
            None
        }
    };
    // Both find those of the variables that both need.
    let findings = match Faults::collect(faults) {
        Some(faults) => bad(faults),
        None => vec![Finding::ok(CHECK, "variables and files are in order")],
    };
    Ok(Read { findings, project, ground })
}

/// What `kit onboard` left, and what it sends to Commerce. Where the kit only serves, neither has to be there.
fn of_onboarding(ground: &Ground) -> Vec<Fault> {
    let Some(workspace) = ground.workspace() else { return Vec::new() };
    let fault = |problem: String, hint: String| Fault { at: None, key: String::new(), problem, hint };
    let mut faults = Vec::new();
    if let Err(error) = Record::read(&ground.data(), &workspace) {
        let said = error.to_string();
        let (problem, hint) = said.split_once("\n  hint: ").unwrap_or((&said, "run `kit onboard`"));
        faults.push(fault(problem.to_owned(), hint.to_owned()));
    }
    let is_meant = ground.settings.commerce.is_some() && ground.config_folder().join(WORKSPACE_FILE).exists();
    if is_meant && let Err(failure) = workspace_file(ground) {
        faults.push(fault(failure.details.join("; "), failure.hints.join("; ")));
    }
    faults
}

fn bad(faults: Faults) -> Vec<Finding> {
    let finding = |fault: Fault| {
        let place = fault.at.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
        let key = if fault.key.is_empty() { String::new() } else { format!("`{}`: ", fault.key) };
        Finding::bad(CHECK, format!("{place}{key}{}", fault.problem), fault.hint)
    };
    faults.into_iter().map(finding).collect()
}
