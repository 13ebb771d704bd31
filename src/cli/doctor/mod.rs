//! `kit doctor`: looks at everything that has to work together, and says for each part whether it does, and what to do.
//! It reads only; the one thing that it sends is a challenge to our own webhooks.

mod backoffice;
mod callback;
mod clock;
mod commerce;
mod events;
mod finding;
mod management;
mod probe;
mod token;
mod variables;

use std::path::Path;

use clap::Args;
use onboarding::Record;
use reqwest::Url;
use serde_json::{Value, json};
use settings::Mode;

use self::finding::Finding;
use self::probe::Probe;
use self::variables::Read;
use super::Found;
use super::onboard::ground::Ground;
use crate::project::Project;
use crate::targets;

/// Ends the host of every store in Adobe's cloud service.
const CLOUD_STORE: &str = ".api.commerce.adobe.com";

#[derive(Debug, Args)]
pub struct Options {
    /// Look at what `kit serve` needs instead of what `kit dev` needs.
    #[arg(long)]
    serve: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let mode = if options.serve { Mode::Serve } else { Mode::Dev };
    let findings = examine(root, mode).await?;
    let is_bad = findings.iter().any(Finding::is_bad);
    if options.json {
        let checks: Vec<Value> = findings.iter().map(Finding::as_json).collect();
        println!("{}", json!({"ok": !is_bad, "checks": checks}));
    } else {
        for finding in &findings {
            println!("{}", finding.line());
        }
    }
    if is_bad { Err(Found.into()) } else { Ok(()) }
}

async fn examine(root: &Path, mode: Mode) -> anyhow::Result<Vec<Finding>> {
    let Read { mut findings, project, ground } = variables::read(root, mode)?;
    let Some(ground) = ground else {
        findings.push(Finding::skipped("the rest", "mend the variables first"));
        return Ok(findings);
    };
    let probe = Probe::new(&ground.settings.egress)?;
    let project = project.as_ref();
    let (clock, events, commerce, backoffice) = tokio::join!(
        clock(&probe, &ground),
        events::check(&probe, &ground, project),
        commerce(&probe, &ground, project),
        backoffice::check(&probe, project.map(|project| &project.environment)),
    );
    findings.push(clock);
    findings.extend(events);
    findings.extend(commerce);
    findings.push(backoffice);
    Ok(findings)
}

async fn clock(probe: &Probe, ground: &Ground) -> Finding {
    let ims = ground.settings.events.client.as_ref().map(|client| client.token_url.as_str());
    let commerce = ground.settings.commerce.as_ref().map(|commerce| commerce.base_url.as_str());
    let addresses: Vec<&str> = ims.into_iter().chain(commerce).collect();
    clock::check(probe, &addresses).await
}

async fn commerce(probe: &Probe, ground: &Ground, project: Option<&Project>) -> Vec<Finding> {
    let Some(settings) = &ground.settings.commerce else {
        return vec![Finding::skipped("commerce", "COMMERCE_BASE_URL is not set: `kit dev` brings a sandbox")];
    };
    let port = match targets::commerce(&ground.pool, settings.clone()) {
        Ok(port) => port,
        Err(error) => return vec![Finding::bad("commerce", error.to_string(), "check the variables of Commerce")],
    };
    let record = record(ground);
    let desired = project.map(|project| &project.desired);
    let store = commerce::Store { settings, port: &*port, desired, record: record.as_ref() };
    commerce::check(probe, &store).await
}

/// What an onboarding left.
fn record(ground: &Ground) -> Option<Record> {
    let workspace = ground.workspace()?;
    Record::read(&ground.data(), &workspace).ok().flatten()
}

fn cloud_store(base_url: &str) -> bool {
    let url = Url::parse(base_url).ok();
    url.is_some_and(|url| url.host_str().is_some_and(|host| host.ends_with(CLOUD_STORE)))
}
