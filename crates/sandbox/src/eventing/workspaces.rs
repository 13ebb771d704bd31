//! The clients that publish, one for each provider that has its own and one for all others. They hold secrets: kept
//! sealed, if whoever opened the store brought a seal, and given back to nobody.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::workspace::Workspace;
use crate::keep::{KeepError, Keeper};

const KIND: &str = "commerce.event_workspace";
/// The client of the default provider, and of those that have none of their own.
pub const DEFAULT: &str = "";

/// Makes what is kept unreadable.
pub trait Seal: Send + Sync {
    /// `None` when it cannot be sealed; then it is not kept.
    fn seal(&self, readable: &[u8]) -> Option<Vec<u8>>;
    /// `None` when somebody else sealed it, or it is damaged.
    fn open(&self, kept: &[u8]) -> Option<Vec<u8>>;
}

pub struct Workspaces {
    by_owner: BTreeMap<String, Workspace>,
    seal: Option<Arc<dyn Seal>>,
    keeper: Arc<Keeper>,
}

impl Workspaces {
    pub fn new(seal: Option<Arc<dyn Seal>>, keeper: &Arc<Keeper>) -> Self {
        Self { by_owner: BTreeMap::new(), seal, keeper: Arc::clone(keeper) }
    }

    /// What cannot be opened is left out and told of: it has to be configured again.
    pub fn load(seal: Option<Arc<dyn Seal>>, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let mut workspaces = Self::new(seal, keeper);
        for (owner, kept) in keeper.load(KIND)? {
            let readable = match &workspaces.seal {
                Some(seal) => seal.open(&kept),
                None => Some(kept),
            };
            match readable.and_then(|readable| serde_json::from_slice(&readable).ok()) {
                Some(workspace) => {
                    workspaces.by_owner.insert(owner, workspace);
                }
                None => {
                    tracing::warn!("the sandbox cannot open a workspace that it kept; configure its eventing again");
                }
            }
        }
        Ok(workspaces)
    }

    pub fn put(&mut self, owner: &str, workspace: Workspace) {
        let readable = serde_json::to_vec(&workspace).unwrap_or_default();
        let sealed = match &self.seal {
            Some(seal) => seal.seal(&readable),
            None => Some(readable),
        };
        if let Some(sealed) = sealed {
            self.keeper.put(KIND, owner, &sealed);
        } else {
            tracing::warn!("the sandbox does not keep a workspace that it cannot seal");
            self.keeper.remove(KIND, owner);
        }
        self.by_owner.insert(owner.to_owned(), workspace);
    }

    pub fn remove(&mut self, owner: &str) {
        if self.by_owner.remove(owner).is_some() {
            self.keeper.remove(KIND, owner);
        }
    }

    pub fn rename(&mut self, before: &str, after: &str) {
        if let Some(workspace) = self.by_owner.get(before).cloned() {
            self.remove(before);
            self.put(after, workspace);
        }
    }

    pub fn has(&self, owner: &str) -> bool {
        self.by_owner.contains_key(owner)
    }

    /// The client for events of this provider.
    pub fn of(&self, provider_id: &str) -> Option<&Workspace> {
        self.by_owner.get(provider_id).or_else(|| self.by_owner.get(DEFAULT))
    }
}

impl fmt::Debug for Workspaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspaces").field("count", &self.by_owner.len()).finish_non_exhaustive()
    }
}
