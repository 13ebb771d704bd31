use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sdk::{Echo, Echoes, State, Stop};

/// What actions remember, for as long as the test runs. Clones are the same memory.
#[derive(Clone, Debug, Default)]
pub struct FakeMemory(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    carried: Vec<Echo>,
    values: BTreeMap<String, Vec<u8>>,
}

impl FakeMemory {
    pub fn new() -> Self {
        Self::default()
    }

    /// The changes that were remembered so far.
    pub fn carried(&self) -> Vec<Echo> {
        self.inner().carried.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Echoes for FakeMemory {
    async fn is_echo(&self, echo: &Echo) -> Result<bool, Stop> {
        let is_known = |other: &Echo| {
            other.direction() != echo.direction()
                && (other.subject(), other.operation()) == (echo.subject(), echo.operation())
                && echo.fields().iter().all(|(name, value)| other.fields().get(name) == Some(value))
        };
        Ok(self.inner().carried.iter().any(is_known))
    }

    async fn remember(&self, echo: &Echo) -> Result<(), Stop> {
        self.inner().carried.push(echo.clone());
        Ok(())
    }
}

#[async_trait]
impl State for FakeMemory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Stop> {
        Ok(self.inner().values.get(key).cloned())
    }

    async fn put(&self, key: &str, value: Vec<u8>, _: Duration) -> Result<(), Stop> {
        self.inner().values.insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), Stop> {
        self.inner().values.remove(key);
        Ok(())
    }
}
