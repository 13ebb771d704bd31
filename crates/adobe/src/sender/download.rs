use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use reqwest::Url;

use super::SharedKey;
use super::key::SenderKey;
use crate::clock::after;
use crate::flight::{Failure, Kept};
use crate::pool::{BodyError, Pool, Silence, read};
use crate::retry_after::retry_after;

/// The sender waits 10 s for its answer (contract, section 4.6), and two keys may be needed.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// A key of 8192 bits has 1.5 kB.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// How long a key counts at most (contract, section 4.4), and from when on it is looked for again.
const USED_FOR: Duration = Duration::from_hours(24);
const RENEWED_AFTER: Duration = Duration::from_hours(20);

/// How long a path counts as unknown.
const UNKNOWN_FOR: Duration = Duration::from_mins(1);

/// What the host said about a path.
#[derive(Clone)]
pub(super) enum Found {
    Key(SharedKey),
    /// There is no such key.
    Nothing,
}

/// Why nothing is known about a path.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum DownloadError {
    #[error("the key host {0}")]
    NoAnswer(Silence),
    #[error("the key host answered {status}")]
    Status { status: u16, retry_after: Option<Duration> },
    #[error("the key host answered with more than {KEY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the key host answered with something that is no RSA key of at least 2048 bits in PEM")]
    NoKey,
    #[error("too many keys were asked for in the last minute")]
    TooMany,
}

impl Failure for DownloadError {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::NoAnswer(_) | Self::TooLarge | Self::NoKey | Self::TooMany => None,
        }
    }
}

/// Asks the key host once. Only a definite "not there" says that there is no such key: everything else may be trouble
/// on the way, and a delivery that is refused for good because of it would be lost.
pub(super) async fn download(pool: Pool, url: Url, now: Timestamp) -> Result<Kept<Found>, DownloadError> {
    let answer = pool.get(url, TIME_LIMIT).await;
    let mut response = answer.map_err(|error| DownloadError::NoAnswer(Silence::of(&error)))?;
    let status = response.status();
    match status {
        StatusCode::OK => {}
        // A bucket that may not be listed answers 403 for what is not there.
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
            let until = after(now, UNKNOWN_FOR);
            return Ok(Kept { value: Found::Nothing, renew_at: until, usable_until: until });
        }
        _ => {
            let retry_after = retry_after(response.headers(), now);
            return Err(DownloadError::Status { status: status.as_u16(), retry_after });
        }
    }
    let pem = read(&mut response, KEY_BYTES_MAX).await.map_err(|error| match error {
        BodyError::TooLarge => DownloadError::TooLarge,
        BodyError::Broken(error) => DownloadError::NoAnswer(Silence::of(&error.into())),
    })?;
    let key = SenderKey::from_pem(&pem).ok_or(DownloadError::NoKey)?;
    Ok(Kept {
        value: Found::Key(Arc::new(key)),
        renew_at: after(now, RENEWED_AFTER),
        usable_until: after(now, USED_FOR),
    })
}
