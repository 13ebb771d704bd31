//! What `kit check` and the commands of onboarding say of the settings and files.

use std::path::Path;

use adobe::Pool;
use anyhow::Context;
use settings::{Fault, Faults, Mode, Onboarding};

use super::finding::Finding;
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
            Some(Ground { root: root.to_owned(), variables, settings, pool })
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

fn bad(faults: Faults) -> Vec<Finding> {
    let finding = |fault: Fault| {
        let place = fault.at.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
        let key = if fault.key.is_empty() { String::new() } else { format!("`{}`: ", fault.key) };
        Finding::bad(CHECK, format!("{place}{key}{}", fault.problem), fault.hint)
    };
    faults.into_iter().map(finding).collect()
}
