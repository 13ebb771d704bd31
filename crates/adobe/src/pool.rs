use std::fmt;
use std::time::Duration;

use egress::{Gate, Refused};
use reqwest::{Method, Request, Response, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The whole of one call. Actions have 60 s, so two calls of the slowest store still fit.
const CALL_TIMEOUT: Duration = Duration::from_secs(25);

/// The connections that all clients share. They lead only where the gate lets them.
#[derive(Clone, Debug)]
pub struct Pool {
    client: reqwest::Client,
    gate: Gate,
}

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
    /// The address is not public, and nobody allowed it; nothing was sent.
    NotAllowed,
}

/// A call without an answer.
#[derive(Debug, thiserror::Error)]
pub enum CallFailure {
    /// The address in its URL was refused before anything was sent.
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// Why an answer's body could not be read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

impl Pool {
    /// # Errors
    /// There is no usable TLS.
    pub fn new(gate: &Gate) -> Result<Self, PoolError> {
        let client = gate
            .client()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .user_agent(concat!("commerce-kit/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(PoolError)?;
        Ok(Self { client, gate: gate.clone() })
    }

    /// For building requests; [`Self::execute`] sends them.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// A plain GET that ends within this time.
    pub(crate) async fn get(&self, url: Url, within: Duration) -> Result<Response, CallFailure> {
        let mut request = Request::new(Method::GET, url);
        *request.timeout_mut() = Some(within);
        self.execute(request).await
    }

    /// The only way out.
    pub(crate) async fn execute(&self, request: Request) -> Result<Response, CallFailure> {
        self.gate.check(request.url())?;
        Ok(self.client.execute(request).await?)
    }
}

impl CallFailure {
    /// An address may carry secrets, so it goes no further.
    pub(crate) fn without_url(self) -> Self {
        match self {
            Self::Refused(refused) => Self::Refused(refused),
            Self::Http(error) => Self::Http(error.without_url()),
        }
    }
}

impl Silence {
    pub(crate) fn of(failure: &CallFailure) -> Self {
        let error = match failure {
            CallFailure::Refused(_) => return Self::NotAllowed,
            CallFailure::Http(error) => error,
        };
        if Refused::behind(error).is_some() {
            Self::NotAllowed
        } else if error.is_timeout() {
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
            Self::NotAllowed => "is not called: its address is not public, and `KIT_OUTBOUND_ALLOW` does not name it",
        })
    }
}

/// Reads a body that is not larger than `bytes_max`.
pub(crate) async fn read(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
