use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use store::{Store, StoreError};
use tokio::sync::Mutex;

/// The command line changes such values in another process, so what was read counts no longer than this.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// A value of the store as it was a moment ago, read by whoever needs it and understood once for each change.
pub(crate) struct Recent<T> {
    key: &'static str,
    understand: fn(&[u8]) -> Option<T>,
    remembered: RwLock<Option<Arc<Remembered<T>>>>,
    /// Held by the one who reads it anew.
    turn: Mutex<()>,
}

struct Remembered<T> {
    at: Timestamp,
    /// None: there was none.
    value: Option<Arc<Understood<T>>>,
}

struct Understood<T> {
    /// As it was read, to notice that it is the same.
    bytes: Vec<u8>,
    value: Arc<T>,
}

/// Why a value is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecentError {
    #[error("`{key}` cannot be read from the store")]
    Store { key: &'static str, source: StoreError },
    #[error("`{key}` in the store is damaged")]
    Damaged { key: &'static str },
}

impl<T> Recent<T> {
    pub(crate) fn new(key: &'static str, understand: fn(&[u8]) -> Option<T>) -> Self {
        Self { key, understand, remembered: RwLock::new(None), turn: Mutex::new(()) }
    }

    /// The value as it was a moment ago; none when there was none.
    pub(crate) async fn get(&self, store: &dyn Store, now: Timestamp) -> Result<Option<Arc<T>>, RecentError> {
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh.value());
        }
        let _turn = self.turn.lock().await;
        match self.fresh(now) {
            Some(fresh) => Ok(fresh.value()),
            None => self.read(store, now).await,
        }
    }

    /// The value as it is now.
    pub(crate) async fn read(&self, store: &dyn Store, now: Timestamp) -> Result<Option<Arc<T>>, RecentError> {
        let key = self.key;
        let bytes = store.value(key, now).await.map_err(|source| RecentError::Store { key, source })?;
        let value = bytes.map(|bytes| self.understand(bytes)).transpose()?;
        let remembered = Arc::new(Remembered { at: now, value });
        *self.remembered.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&remembered));
        Ok(remembered.value())
    }

    fn understand(&self, bytes: Vec<u8>) -> Result<Arc<Understood<T>>, RecentError> {
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        let before = remembered.as_ref().and_then(|remembered| remembered.value.as_ref());
        if let Some(same) = before.filter(|before| before.bytes == bytes) {
            return Ok(Arc::clone(same));
        }
        let value = (self.understand)(&bytes).ok_or(RecentError::Damaged { key: self.key })?;
        Ok(Arc::new(Understood { bytes, value: Arc::new(value) }))
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<Remembered<T>>> {
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner).clone();
        remembered.filter(|remembered| now.duration_since(remembered.at).abs() < FRESH)
    }
}

impl<T> Remembered<T> {
    fn value(&self) -> Option<Arc<T>> {
        self.value.as_ref().map(|known| Arc::clone(&known.value))
    }
}

impl<T> fmt::Debug for Recent<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Recent").field("key", &self.key).finish_non_exhaustive()
    }
}
