//! Onboarding of our own events service, by its store.

use anyhow::Context;
use jiff::Timestamp;
use onboarding::{Change, Plan, Progress, Rules, StoredService, Targets};
use store::Store;
use tracing::info;

use crate::project::Project;

/// What the files describe goes to the actions of this process.
pub fn rules(is_deployed: &dyn Fn(&str) -> bool, prune: bool) -> Rules<'_> {
    Rules {
        client_id: store::Registration::OWN_CLIENT,
        targets: Targets::Actions,
        is_deployed,
        record: None,
        workspace_id: None,
        prune,
        name_suffix: "",
    }
}

/// Brings the catalogue to what the files describe.
///
/// # Errors
/// The store failed.
pub async fn seed(project: &Project, store: &dyn Store, now: Timestamp) -> anyhow::Result<()> {
    let is_deployed = |action: &str| project.deploys(action);
    let mut changes = Changes(0);
    let service = StoredService { store, now };
    let seeded = onboarding::converge(&service, &project.desired, &rules(&is_deployed, false), &mut changes).await;
    let applied = seeded.context("the events service cannot be onboarded")?;
    if changes.0 > 0 {
        info!(changes = changes.0, "providers, events and registrations follow the files");
    }
    if !applied.left_out.is_empty() {
        info!(registrations = applied.left_out.join(", "), "left out, because their actions are not deployed");
    }
    Ok(())
}

/// How many there were.
struct Changes(usize);

impl Progress for Changes {
    fn planned(&mut self, _: &Plan) {
        self.0 = 0;
    }

    fn done(&mut self, _: &Change) {
        self.0 += 1;
    }
}
