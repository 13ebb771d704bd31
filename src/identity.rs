//! Who our own events service is, in Adobe's terms: what the environment says, or what was made once and kept.

use std::collections::BTreeMap;

use anyhow::Context;
use events_api::Identity;
use jiff::Timestamp;
use settings::EventsService;
use uuid::Uuid;

/// Where the store keeps what was made.
pub const KEY: &str = "events-api/identity";

/// What is kept, each under the name of its variable.
type Made = BTreeMap<String, String>;

/// What was made for a store that has nothing yet, as it is kept.
///
/// # Errors
/// Never in practice: names and numbers can be written.
pub fn make() -> anyhow::Result<Vec<u8>> {
    let number = || (Uuid::new_v4().as_u64_pair().0 % 9_000_000_000 + 1_000_000_000).to_string();
    let organisation = Uuid::new_v4().simple().to_string().to_uppercase();
    let made = Made::from([
        ("IO_CONSUMER_ID".to_owned(), number()),
        ("IO_PROJECT_ID".to_owned(), number()),
        ("IO_WORKSPACE_ID".to_owned(), number()),
        ("OAUTH_ORG_ID".to_owned(), format!("{}@AdobeOrg", &organisation[..24])),
    ]);
    serde_json::to_vec(&made).context("the identity of the events service cannot be written")
}

/// The identity: the environment's words before those that were made.
///
/// # Errors
/// What is kept cannot be read.
pub fn read(kept: Option<&[u8]>, said: &EventsService) -> anyhow::Result<Identity> {
    let made: Made = match kept {
        Some(kept) => serde_json::from_slice(kept).context("the identity of the events service is damaged")?,
        None => Made::new(),
    };
    let one = |said: &Option<String>, name: &str| {
        said.clone()
            .or_else(|| made.get(name).cloned())
            .with_context(|| format!("the events service has no {name}; set it, or start a kit once"))
    };
    Ok(Identity {
        consumer_id: one(&said.consumer_id, "IO_CONSUMER_ID")?,
        project_id: one(&said.project_id, "IO_PROJECT_ID")?,
        workspace_id: one(&said.workspace_id, "IO_WORKSPACE_ID")?,
        ims_org_id: one(&said.org_id, "OAUTH_ORG_ID")?,
    })
}

/// Kept for good.
pub const FOR_GOOD: Timestamp = Timestamp::MAX;
