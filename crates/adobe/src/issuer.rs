//! The keys of whoever issues tokens (a JSON Web Key Set), downloaded and kept.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use schemes::jwt::{KeySet, KeySetFault};

use crate::clock::{Clock, after};
use crate::flight::{Failure, Flight, Kept};
use crate::pool::{BodyError, Pool, Silence, read};
use crate::retry_after::retry_after;
use crate::settings::{SettingsError, http_url};

/// One download. A sender waits for it.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A set of 64 RSA keys of 4096 bits has 60 kB.
const BYTES_MAX: usize = 256 * 1024;

/// When keys are looked for again, and how long they count when that fails.
const RENEWED_AFTER: Duration = Duration::from_hours(1);
const USED_FOR: Duration = Duration::from_hours(24);

/// A token by a key that nobody knows asks for newer keys at most this often: strangers can make up such tokens.
const NEWER_EVERY: Duration = Duration::from_mins(1);

const PAUSE: Duration = Duration::from_secs(5);

/// Why no keys are known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IssuerError {
    #[error("the issuer's keys cannot be had: it {0}")]
    NoAnswer(Silence),
    #[error("the issuer's keys cannot be had: it answered {status}")]
    Status { status: u16, retry_after: Option<Duration> },
    #[error("the issuer's keys cannot be had: it answered with more than {BYTES_MAX} bytes")]
    TooLarge,
    #[error("the issuer's keys cannot be read: {0}")]
    Unreadable(KeySetFault),
}

impl IssuerError {
    /// What whoever brings a token is asked to wait.
    pub fn pause(&self) -> Duration {
        self.retry_after().unwrap_or(PAUSE)
    }
}

impl Failure for IssuerError {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::NoAnswer(_) | Self::TooLarge | Self::Unreadable(_) => None,
        }
    }
}

type Keys = Flight<Arc<KeySet>, IssuerError>;

/// Keeps the keys of one issuer fresh for everybody: one download for all who wait.
pub struct Issuer {
    pool: Pool,
    clock: Clock,
    url: Url,
    keys: Arc<Keys>,
    /// A look for newer keys, whatever came of it, is remembered for a minute.
    newer: Arc<Keys>,
}

impl Issuer {
    /// # Errors
    /// The address is none.
    pub fn new(pool: Pool, url: &str, clock: Clock) -> Result<Self, SettingsError> {
        let url = http_url(url, "address of the issuer's keys")?;
        Ok(Self { keys: Flight::new(clock.clone()), newer: Flight::new(clock.clone()), pool, clock, url })
    }

    /// The keys at hand, or those of a download.
    ///
    /// # Errors
    /// None are known, and they cannot be downloaded now.
    pub async fn keys(&self) -> Result<Arc<KeySet>, IssuerError> {
        self.keys.get(|| download(self.pool.clone(), self.url.clone(), self.clock.clone())).await
    }

    /// For a token that none of these keys signed: those of a new download, or of one within the last minute. The same
    /// keys when it fails.
    pub async fn newer(&self, known: &Arc<KeySet>) -> Arc<KeySet> {
        let (pool, url, clock, known_before) =
            (self.pool.clone(), self.url.clone(), self.clock.clone(), Arc::clone(known));
        let found = self.newer.get(|| async move {
            let value = download(pool, url, clock.clone()).await.map_or(known_before, |kept| kept.value);
            let until = after(clock.now(), NEWER_EVERY);
            Ok(Kept { value, renew_at: until, usable_until: until })
        });
        let Ok(found) = found.await else { return Arc::clone(known) };
        // Whatever was found last is what everybody uses from now on.
        if self.keys.forget(|kept| Arc::ptr_eq(kept, known) && !Arc::ptr_eq(&found, known)) {
            let (kept, now) = (Arc::clone(&found), self.clock.now());
            let adopted = self.keys.get(|| async move {
                Ok(Kept { value: kept, renew_at: after(now, RENEWED_AFTER), usable_until: after(now, USED_FOR) })
            });
            return adopted.await.unwrap_or(found);
        }
        found
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}

async fn download(pool: Pool, url: Url, clock: Clock) -> Result<Kept<Arc<KeySet>>, IssuerError> {
    let request = pool.client().get(url).timeout(TIME_LIMIT);
    let mut response = request.send().await.map_err(|error| IssuerError::NoAnswer(Silence::of(&error)))?;
    if response.status() != http::StatusCode::OK {
        let retry_after = retry_after(response.headers(), clock.now());
        return Err(IssuerError::Status { status: response.status().as_u16(), retry_after });
    }
    let text = read(&mut response, BYTES_MAX).await.map_err(|error| match error {
        BodyError::TooLarge => IssuerError::TooLarge,
        BodyError::Broken(error) => IssuerError::NoAnswer(Silence::of(&error)),
    })?;
    let value = Arc::new(KeySet::from_jwks(&text).map_err(IssuerError::Unreadable)?);
    let now = clock.now();
    Ok(Kept { value, renew_at: after(now, RENEWED_AFTER), usable_until: after(now, USED_FOR) })
}
