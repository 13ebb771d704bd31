//! `kit offboard`: takes away what onboarding made, after asking.

use std::path::Path;

use anyhow::bail;
use clap::Args;
use onboarding::{DEV_SUFFIX, Desired, Observed, Plan, Record, RecordedProvider, Rules, Targets, converge};
use serde_json::Value;

use super::eventing;
use super::ground::Ground;
use super::lock::Lock;
use super::told::Told;
use crate::cli::orders::Confirm;

#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    confirm: Confirm,
    /// Print what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let ground = Ground::read(root)?;
    let (desired, _) = ground.project()?;
    let _lock = if options.dry_run { None } else { Some(Lock::take(&ground.data())?) };
    let Some(workspace) = ground.workspace() else {
        bail!(
            "the events service is embedded, and every start of the kit onboards it\n  hint: take entities out of \
             onboarding/config/starter-kit-registrations.json and run `kit onboard --prune`"
        );
    };
    let service = ground.service(&workspace)?;
    let mut record = Record::read(&ground.data(), &workspace)?.unwrap_or_default();
    let look = rules(&ground, &record);
    let observed = Observed::read(&service, &desired, &look).await?;
    let known = Plan::new(&desired, &observed, &look).providers(&desired);
    add(&mut record, known);
    let nothing = Desired::default();
    let rules = rules(&ground, &record);
    let plan = Plan::new(&nothing, &observed, &rules);
    let mut told = Told::new(options.json, options.dry_run);
    if options.dry_run {
        eventing::remove(&ground, &record, &mut told, true).await?;
        told.plan(plan.changes());
        told.end(Value::Null);
        return Ok(());
    }
    let (count, commerce) = (plan.changes().count(), ground.settings.commerce.as_ref());
    let commerce = commerce.map(|commerce| format!(", and what Commerce at {} sends there", commerce.base_url));
    let question = format!("remove {count} things at the events API{}?", commerce.unwrap_or_default());
    options.confirm.confirm(&question, "`--dry-run` shows which")?;
    eventing::remove(&ground, &record, &mut told, false).await?;
    converge(&service, &nothing, &rules, &mut told).await?;
    Record::remove(&ground.data())?;
    told.end(Value::Null);
    Ok(())
}

/// Those of a laptop's runs go, too.
fn rules<'a>(ground: &'a Ground, record: &'a Record) -> Rules<'a> {
    Rules {
        client_id: ground.client_id(),
        targets: Targets::Journals,
        is_deployed: &|_| true,
        record: Some(record),
        workspace_id: ground.settings.events.client.as_ref().map(|client| client.workspace_id.as_str()),
        prune: true,
        name_suffix: DEV_SUFFIX,
    }
}

/// What the files describe is ours, whether an earlier run has left its record or not.
fn add(record: &mut Record, known: Vec<RecordedProvider>) {
    for provider in known {
        if record.providers.iter().all(|other| other.id != provider.id) {
            record.providers.push(provider);
        }
    }
}
