//! `kit onboard`: what the files describe becomes what the events API and Commerce have.

mod embedded;
pub mod eventing;
pub mod ground;
pub mod lock;
pub mod offboard;
pub mod remote;
mod told;

use std::path::Path;

use clap::Args;
use engine::slug;
use onboarding::{
    Applied, Desired, EventsService, Failure, FoundRegistration, Observed, Plan, Record, RecordedRegistration,
    Registration, Rules, Target, Targets, Workspace, converge,
};
use serde_json::Value;
use settings::Manifest;

use self::eventing::Eventing;
use self::ground::Ground;
use self::lock::Lock;
use self::told::{Told, result};
use super::subscribe::unrouted;

#[derive(Debug, Args)]
pub struct Options {
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Remove what the files no longer mention, too.
    #[arg(long)]
    prune: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let ground = Ground::read(root)?;
    let (desired, manifest) = ground.project()?;
    let is_left_out = |wanted: &&Registration| !deploys(&manifest, &wanted.runtime_action);
    for wanted in desired.registrations.iter().filter(is_left_out) {
        eprintln!(
            "note: `{}` is left out: its action `{}` is not in app.config.yaml",
            wanted.name, wanted.runtime_action
        );
    }
    for event in unrouted(&desired, &manifest) {
        eprintln!("note: {event}");
    }
    // Who only looks writes nothing, not even the lock.
    let _lock = if options.dry_run { None } else { Some(Lock::take(&ground.data())?) };
    match ground.workspace() {
        Some(workspace) => elsewhere(&ground, options, (&desired, &manifest), workspace).await,
        None => embedded::run(&ground, options, (&desired, &manifest)).await,
    }
}

/// At an events API over HTTP.
async fn elsewhere(
    ground: &Ground,
    options: &Options,
    (desired, manifest): (&Desired, &Manifest),
    workspace: Workspace,
) -> anyhow::Result<()> {
    let service = ground.service(&workspace)?;
    let eventing = Eventing::prepare(ground, desired)?;
    let before = Record::read(&ground.data(), &workspace)?;
    let address = ground.settings.events.public_url.clone().unwrap_or_default();
    let webhook = |name: &str| format!("{address}/webhooks/{}", slug(name));
    let rules = Rules {
        client_id: ground.client_id(),
        targets: if address.is_empty() { Targets::Journals } else { Targets::Webhooks(&webhook) },
        is_deployed: &|action| deploys(manifest, action),
        record: before.as_ref(),
        workspace_id: Some(&workspace.workspace_id),
        prune: options.prune,
        name_suffix: "",
    };
    let mut told = Told::new(options.json, options.dry_run);
    if options.dry_run {
        let plan = look(&service, desired, &rules).await?;
        told.plan(plan.changes());
        if let Some(eventing) = &eventing {
            told.plan(&eventing.look(&plan.providers(desired), before.as_ref()).await?);
        }
        told.end(Value::Null);
        return Ok(());
    }
    if let Some(eventing) = &eventing {
        eventing.demand_merchant(before.as_ref()).await?;
    }
    let applied = converge(&service, desired, &rules, &mut told).await?;
    let mut record = Record {
        workspace: workspace.clone(),
        providers: applied.providers.clone(),
        registrations: applied.registrations.iter().map(RecordedRegistration::from).collect(),
        eventing: before.and_then(|before| before.eventing),
    };
    record.write(&ground.data())?;
    if let Some(eventing) = &eventing {
        record.eventing = eventing.apply(&record, &mut told).await?;
        record.write(&ground.data())?;
    }
    told.end(result(&applied));
    Eventing::note(ground, desired);
    warn_of_unproven(&applied);
    Ok(())
}

async fn look(service: &dyn EventsService, desired: &Desired, rules: &Rules<'_>) -> Result<Plan, Failure> {
    Ok(Plan::new(desired, &Observed::read(service, desired, rules).await?, rules))
}

fn deploys(manifest: &Manifest, action: &str) -> bool {
    manifest.actions.iter().any(|deployed| deployed.full_name() == action)
}

/// The events API asks a webhook for its challenge when it is registered; who was not there is asked again by the next run.
fn warn_of_unproven(applied: &Applied) {
    let is_unproven = |found: &&FoundRegistration| {
        let status = found.webhook_status.as_deref();
        matches!(found.target, Target::Webhook(_)) && status.is_some_and(|status| status != "verified")
    };
    for found in applied.registrations.iter().filter(is_unproven) {
        let status = found.webhook_status.as_deref().unwrap_or_default();
        eprintln!(
            "note: the webhook of `{}` is {status}\n  hint: start `kit serve` where KIT_PUBLIC_URL leads, and run this again; \
             `kit doctor` asks the webhook itself",
            found.name
        );
    }
}
