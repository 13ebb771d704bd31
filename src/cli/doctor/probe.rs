//! One plain request, and what came of it in words for people.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use anyhow::Context;
use egress::{Gate, Refused};
use http::header::{CONTENT_TYPE, DATE, LOCATION};
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;

/// No check waits longer for the other side.
pub const WITHIN: Duration = Duration::from_secs(10);

/// Of an answer.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Asks without credentials, and only where calls may go.
#[derive(Clone, Debug)]
pub struct Probe {
    client: reqwest::Client,
    gate: Gate,
}

/// An answer of any status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The begin of it.
    pub body: Vec<u8>,
    pub sent_at: Timestamp,
    /// When its head had come.
    pub came_at: Timestamp,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody listens there.
    Refused,
    NoSuchHost,
    /// No trust in who answers, or no TLS at all.
    Tls(String),
    TimedOut,
    /// Its address is not public.
    NotAllowed(String),
    /// With the innermost reason.
    Broken(String),
}

impl Probe {
    /// # Errors
    /// There is no usable TLS.
    pub fn new(gate: &Gate) -> anyhow::Result<Self> {
        let client = gate.client().timeout(WITHIN).user_agent(concat!("commerce-kit/", env!("CARGO_PKG_VERSION")));
        Ok(Self { client: client.build().context("no connection can be made")?, gate: gate.clone() })
    }

    /// A GET that follows no redirect.
    ///
    /// # Errors
    /// No answer came.
    pub async fn get(&self, url: &Url) -> Result<Answer, Silence> {
        self.gate.check(url).map_err(|refused| Silence::NotAllowed(refused.to_string()))?;
        let sent_at = Timestamp::now();
        let mut response = self.client.get(url.clone()).send().await.map_err(|error| Silence::of(&error))?;
        let came_at = Timestamp::now();
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while body.len() < BODY_BYTES_MAX
            && let Some(chunk) = response.chunk().await.map_err(|error| Silence::of(&error))?
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(BODY_BYTES_MAX);
        Ok(Answer { status, headers, body, sent_at, came_at })
    }
}

impl Answer {
    /// How far the other side's clock is ahead of ours: negative when ours is ahead. Its answer tells whole seconds.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(self.header(&DATE)?).ok()?;
        let halfway = self.came_at.duration_since(self.sent_at) / 2;
        Some(date.duration_since(self.sent_at.saturating_add(halfway).unwrap_or(self.sent_at)))
    }

    /// Somebody's page in place of data.
    pub fn is_page(&self) -> bool {
        let kind = self.header(&CONTENT_TYPE).unwrap_or_default();
        kind.starts_with("text/html") || self.body.trim_ascii_start().starts_with(b"<")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().to_owned()
    }

    /// The host that a redirect leads to.
    pub fn leads_to(&self) -> Option<String> {
        let location = self.header(&LOCATION).filter(|_| (300..400).contains(&self.status))?;
        let host = Url::parse(location).ok().and_then(|url| url.host_str().map(str::to_owned));
        Some(host.unwrap_or_else(|| "another path".to_owned()))
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Silence {
    fn of(error: &reqwest::Error) -> Self {
        if let Some(refused) = Refused::behind(error) {
            return Self::NotAllowed(refused.to_string());
        }
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let mut innermost: &(dyn Error + 'static) = error;
        let mut is_lookup = false;
        loop {
            is_lookup |= innermost.to_string().contains("dns error");
            if let Some(tls) = innermost.downcast_ref::<rustls::Error>() {
                return Self::Tls(tls.to_string());
            }
            if let Some(io) = innermost.downcast_ref::<io::Error>()
                && io.kind() == io::ErrorKind::ConnectionRefused
            {
                return Self::Refused;
            }
            match inner(innermost) {
                Some(next) => innermost = next,
                None if is_lookup => return Self::NoSuchHost,
                None => return Self::Broken(innermost.to_string()),
            }
        }
    }
}

/// An error of input and output that wraps another passes over it when it is asked for its source.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    }
}

/// The end of a sentence that begins with who was asked.
impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("cannot be reached: nobody listens there"),
            Self::NoSuchHost => f.write_str("cannot be reached: there is no such host"),
            Self::Tls(reason) => write!(f, "has no TLS that can be trusted: {reason}"),
            Self::TimedOut => write!(f, "did not answer within {} s", WITHIN.as_secs()),
            Self::NotAllowed(reason) => write!(f, "is not asked: {reason}"),
            Self::Broken(reason) => write!(f, "broke off: {reason}"),
        }
    }
}

/// An address without what is not for everybody's eyes: `https://shop.example.com:8443`.
pub fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "an address that is none".to_owned(), |url| url.origin().ascii_serialization())
}
