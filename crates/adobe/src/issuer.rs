//! The keys of whoever issues tokens (a JSON Web Key Set), downloaded and kept.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
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

/// The keys of one download.
#[derive(Clone, Debug)]
pub struct IssuerKeys {
    pub keys: Arc<KeySet>,
    /// Later downloads have greater numbers.
    number: u64,
}

type Keys = Flight<IssuerKeys, IssuerError>;

/// Keeps the keys of one issuer fresh for everybody: one download for all who wait.
pub struct Issuer {
    source: Arc<Source>,
    keys: Arc<Keys>,
    /// A look for newer keys, whatever came of it, is remembered for a minute.
    newer: Arc<Keys>,
}

struct Source {
    pool: Pool,
    clock: Clock,
    url: Url,
    downloads: AtomicU64,
}

impl Issuer {
    /// # Errors
    /// The address is none.
    pub fn new(pool: Pool, url: &str, clock: Clock) -> Result<Self, SettingsError> {
        let url = http_url(url, "address of the issuer's keys")?;
        let (keys, newer) = (Flight::new(clock.clone()), Flight::new(clock.clone()));
        Ok(Self { source: Arc::new(Source { pool, clock, url, downloads: AtomicU64::new(0) }), keys, newer })
    }

    /// The keys at hand, or those of a download.
    ///
    /// # Errors
    /// None are known, and they cannot be downloaded now.
    pub async fn keys(&self) -> Result<IssuerKeys, IssuerError> {
        let source = Arc::clone(&self.source);
        self.keys.get(|| async move { source.download().await.map(|keys| source.kept(keys)) }).await
    }

    /// For a token that none of these keys signed: those of a new download, or of one within the last minute. The same
    /// keys when it fails, or brought nothing later.
    pub async fn newer(&self, known: &IssuerKeys) -> IssuerKeys {
        let (source, before) = (Arc::clone(&self.source), known.clone());
        let found = self.newer.get(|| async move {
            let value = source.download().await.unwrap_or(before);
            let until = after(source.clock.now(), NEWER_EVERY);
            Ok(Kept { value, renew_at: until, usable_until: until })
        });
        let found = found.await.ok().filter(|found| found.number > known.number);
        let Some(found) = found else { return known.clone() };
        // From now on everybody uses what was found.
        if self.keys.forget(|kept| kept.number < found.number) {
            let kept = self.source.kept(found.clone());
            return self.keys.get(|| async move { Ok(kept) }).await.unwrap_or(found);
        }
        found
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}

impl Source {
    async fn download(&self) -> Result<IssuerKeys, IssuerError> {
        let number = self.downloads.fetch_add(1, Ordering::Relaxed);
        let answer = self.pool.get(self.url.clone(), TIME_LIMIT).await;
        let mut response = answer.map_err(|error| IssuerError::NoAnswer(Silence::of(&error)))?;
        let status = response.status();
        if status != StatusCode::OK {
            let retry_after = retry_after(response.headers(), self.clock.now());
            return Err(IssuerError::Status { status: status.as_u16(), retry_after });
        }
        let text = read(&mut response, BYTES_MAX).await.map_err(|error| match error {
            BodyError::TooLarge => IssuerError::TooLarge,
            BodyError::Broken(error) => IssuerError::NoAnswer(Silence::of(&error.into())),
        })?;
        let keys = KeySet::from_jwks(&text).map_err(IssuerError::Unreadable)?;
        Ok(IssuerKeys { keys: Arc::new(keys), number })
    }

    fn kept(&self, value: IssuerKeys) -> Kept<IssuerKeys> {
        let now = self.clock.now();
        Kept { value, renew_at: after(now, RENEWED_AFTER), usable_until: after(now, USED_FOR) }
    }
}
