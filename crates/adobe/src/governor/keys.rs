use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// What is being changed. Holds a key only while somebody has it or waits for it.
#[derive(Default)]
pub(super) struct Keys(Mutex<HashMap<Arc<str>, Entry>>);

#[derive(Default)]
struct Entry {
    /// Serves in order of arrival.
    lock: Arc<Lock<()>>,
    users: usize,
}

/// One key, waited for and then held until the claim ends.
pub(super) struct Claim {
    keys: Arc<Keys>,
    key: Arc<str>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Keys {
    /// Waits for all of them. Everybody takes them in the same order, so that no two wait for each other.
    pub async fn claim(self: &Arc<Self>, changes: &[String]) -> Vec<Claim> {
        let changes: BTreeSet<&str> = changes.iter().map(String::as_str).collect();
        let mut claims = Vec::with_capacity(changes.len());
        for key in changes {
            let (mut claim, lock) = self.enter(key.into());
            claim.held = Some(lock.lock_owned().await);
            claims.push(claim);
        }
        claims
    }

    fn enter(self: &Arc<Self>, key: Arc<str>) -> (Claim, Arc<Lock<()>>) {
        let mut entries = self.entries();
        let entry = entries.entry(Arc::clone(&key)).or_default();
        entry.users += 1;
        (Claim { keys: Arc::clone(self), key, held: None }, Arc::clone(&entry.lock))
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries().len()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut entries = self.keys.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                entries.remove(&self.key);
            }
        }
    }
}
