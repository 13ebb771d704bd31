use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use reqwest::Url;

use super::budget::Budget;
use super::download::{DownloadError, Found, download};
use super::path::KeyPath;
use super::{Doubt, SharedKey};
use crate::clock::Clock;
use crate::flight::Flight;
use crate::pool::Pool;

/// Paths that are remembered, known and unknown ones. A sender uses two, and a few more while it rotates them.
const PATHS_MAX: usize = 128;

/// Whoever reaches the receiver can name paths, and must not make us hammer the key host.
const DOWNLOADS_PER_MINUTE_MAX: usize = 30;

/// The sender's public keys, each downloaded when a delivery names it first.
pub(super) struct Keys {
    host: String,
    pool: Pool,
    clock: Clock,
    /// For paths that have led to no key so far.
    budget: Arc<Budget>,
    places: Mutex<HashMap<KeyPath, Place>>,
}

struct Place {
    flight: Arc<Flight<Found, DownloadError>>,
    used: Timestamp,
    has_key: bool,
}

impl Keys {
    pub fn new(url: &Url, pool: Pool, clock: Clock) -> Self {
        let host = url.as_str().trim_end_matches('/').to_owned();
        let budget = Arc::new(Budget::new(DOWNLOADS_PER_MINUTE_MAX, clock.clone()));
        Self { host, pool, clock, budget, places: Mutex::default() }
    }

    /// The key at this path. Whoever asks while it is being downloaded waits for the same download.
    pub async fn key(&self, path: &KeyPath) -> Result<SharedKey, Doubt> {
        let name = path.as_str();
        let url = Url::parse(&format!("{}{name}", self.host));
        let Ok(url) = url else { return Err(Doubt::Lasting(format!("`{name}` has no address at the key host"))) };
        let (flight, has_key) = self.place(path);
        let (pool, budget, clock) = (self.pool.clone(), Arc::clone(&self.budget), self.clock.clone());
        let found = flight.get(|| async move {
            // A key that was there once is asked for once in hours: strangers cannot use up what it needs.
            if has_key || budget.take() { download(pool, url, clock.now()).await } else { Err(DownloadError::TooMany) }
        });
        match found.await {
            Ok(Found::Key(key)) => {
                if !has_key {
                    self.note_key(path);
                }
                Ok(key)
            }
            Ok(Found::Nothing) => Err(Doubt::Lasting(format!("the key host has no `{name}`"))),
            Err(error) => Err(Doubt::Temporary(format!("`{name}` cannot be had just now: {error}"))),
        }
    }

    fn place(&self, path: &KeyPath) -> (Arc<Flight<Found, DownloadError>>, bool) {
        let now = self.clock.now();
        let mut places = self.places();
        if let Some(place) = places.get_mut(path) {
            place.used = now;
            return (Arc::clone(&place.flight), place.has_key);
        }
        if places.len() >= PATHS_MAX {
            // Those without a key first: nobody but the sender can put a key at its host.
            let oldest = places.iter().min_by_key(|(_, place)| (place.has_key, place.used));
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                places.remove(&oldest);
            }
        }
        let flight = Flight::new(self.clock.clone());
        places.insert(path.clone(), Place { flight: Arc::clone(&flight), used: now, has_key: false });
        (flight, false)
    }

    fn note_key(&self, path: &KeyPath) {
        if let Some(place) = self.places().get_mut(path) {
            place.has_key = true;
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<KeyPath, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
