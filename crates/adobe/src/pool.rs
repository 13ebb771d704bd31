use std::fmt;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The whole of one call. Actions have 60 s, so two calls of the slowest store still fit.
const CALL_TIMEOUT: Duration = Duration::from_secs(25);

/// The connections that all clients share.
#[derive(Clone, Debug)]
pub struct Pool(reqwest::Client);

/// The HTTP client could not be set up: no usable TLS.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client")]
pub struct PoolError(#[source] reqwest::Error);

/// Why a call has no answer. Whether it had its effect is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    TimedOut,
    Unreachable,
    Broken,
}

/// Why an answer's body could not be read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

impl Pool {
    pub fn new() -> Result<Self, PoolError> {
        reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("commerce-kit/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(PoolError)
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.0
    }
}

impl Silence {
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Broken
        }
    }
}

/// The end of a sentence that begins with who was asked.
impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "did not answer in time",
            Self::Unreachable => "cannot be reached",
            Self::Broken => "broke off the connection",
        })
    }
}

/// Reads a body that is not larger than `bytes_max`.
pub(crate) async fn read(response: &mut reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
