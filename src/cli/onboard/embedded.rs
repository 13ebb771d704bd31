//! Onboarding the events service in the folder, as every start of the kit does.

use anyhow::{Context, bail};
use jiff::Timestamp;
use onboarding::{Desired, Observed, Plan, StoredService, converge};
use serde_json::Value;
use settings::{Local, Manifest};
use store::{Catalogue, Options as StoreOptions, Reader, Sqlite, Store, StoreError};

use super::ground::Ground;
use super::told::{Told, result};
use super::{Options, deploys};
use crate::{seed, vault};

/// Does what a start would do; beside a running kit it only looks.
pub async fn run(ground: &Ground, options: &Options, (desired, manifest): (&Desired, &Manifest)) -> anyhow::Result<()> {
    let is_deployed = |action: &str| deploys(manifest, action);
    let rules = seed::rules(&is_deployed, options.prune);
    let mut told = Told::new(options.json, options.dry_run);
    if options.dry_run {
        let plan = Plan::new(desired, &Observed::from(catalogue(ground)?), &rules);
        told.plan(plan.changes());
        told.end(Value::Null);
        return Ok(());
    }
    let Some(store) = open(ground)? else {
        let plan = Plan::new(desired, &Observed::from(catalogue(ground)?), &rules);
        if !plan.is_empty() {
            bail!(
                "a kit runs on the folder KIT_DATA, and its events service is its own\n  hint: start it again: it onboards \
                 itself then; `--dry-run` shows what that changes"
            );
        }
        told.plan(plan.changes());
        told.end(Value::Null);
        return Ok(());
    };
    let service = StoredService { store: &store, now: Timestamp::now() };
    let applied = converge(&service, desired, &rules, &mut told).await;
    store.close().await;
    told.end(result(&applied?));
    Ok(())
}

/// What the folder holds now; nothing where no kit has run yet.
fn catalogue(ground: &Ground) -> anyhow::Result<Catalogue> {
    if !ground.data().join(store::DATABASE).exists() {
        return Ok(Catalogue::default());
    }
    let reader = Reader::open(&ground.data()).context("the events service cannot be read")?;
    reader.catalogue().context("the events service cannot be read")
}

/// `None` while a kit runs on the folder.
fn open(ground: &Ground) -> anyhow::Result<Option<Sqlite>> {
    let keys = Local::read(&ground.variables)?.encryption_keys;
    let options = StoreOptions { vault: vault::vault(&keys)?, ..StoreOptions::in_folder(ground.data()) };
    match Sqlite::open(&options) {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Open { source: store::OpenError::Locked, .. }) => Ok(None),
        Err(error) => Err(vault::explain(error, "the store of events cannot be used")),
    }
}
