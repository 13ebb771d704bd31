//! Whether a delivery by webhook comes from the events API (contract, sections 4.1, 4.4 and 4.5), and a request from
//! Commerce.

mod budget;
mod commerce;
mod download;
mod headers;
mod hmac;
mod key;
mod keys;
mod path;
mod visit;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use reqwest::Url;
use secrecy::SecretString;

pub use self::commerce::{CommerceKeyError, CommerceSignature};
use self::headers::{Pair, pair};
use self::hmac::Said;
use self::key::SenderKey;
use self::keys::Keys;
use self::visit::Visits;
use crate::clock::Clock;
use crate::pool::Pool;
use crate::settings::{SettingsError, http_url};

/// Where the events API keeps its keys, and what else proves that a delivery comes from there.
#[derive(Clone, Debug)]
pub struct EventsSenderSettings {
    /// Usually `https://static.adobeioevents.com/`; the path that a delivery names follows.
    pub keys_url: String,
    /// Usually `https://api.adobe.io/events/`. Validation URLs of another service are at its host.
    pub management_url: String,
    /// Whose `x-adobe-signature` is believed; empty: nobody's.
    pub hmac_secrets: Vec<SecretString>,
    pub transport: Transport,
}

/// How the events API may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By `https` only.
    Tls,
    /// By `http`, too: who is on the way may put his own keys in place of the sender's.
    PlainToo,
}

/// Why a delivery is not taken for one of the events API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unproven {
    /// For the owner of the receiver; the sender must not learn it. Holds no secret and nothing of the body.
    pub reason: String,
    /// A key could not be had: the same delivery may be good when it comes again.
    pub is_temporary: bool,
}

/// Checks deliveries, and answers for the receiver when the events API wants to know whether it wants events.
#[derive(Debug)]
pub struct EventsSender {
    keys: Keys,
    visits: Visits,
    hmac_secrets: Vec<SecretString>,
}

/// Why one key with its signature proves nothing.
enum Doubt {
    Lasting(String),
    Temporary(String),
}

impl EventsSender {
    /// # Errors
    /// An address is none, or begins with `http://` where only TLS is good enough.
    pub fn new(settings: &EventsSenderSettings, pool: Pool, clock: Clock) -> Result<Self, SettingsError> {
        let transport = settings.transport;
        let keys = address(&settings.keys_url, "address of the sender's keys (`KIT_EVENTS_KEYS_URL`)", transport)?;
        let management = http_url(&settings.management_url, "management API's address (`IO_MANAGEMENT_BASE_URL`)")?;
        Ok(Self {
            keys: Keys::new(&keys, pool.clone(), clock.clone()),
            visits: Visits::new(management, transport, pool, clock),
            hmac_secrets: settings.hmac_secrets.clone(),
        })
    }

    /// Whether the body comes from the events API: one of its two RSA signatures fits, or its HMAC where that counts.
    ///
    /// # Errors
    /// Nothing proves it; the reason names each part that differs.
    pub async fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Unproven> {
        let mut reasons = Vec::new();
        match hmac::said(headers, &self.hmac_secrets, body) {
            Said::Fits => return Ok(()),
            Said::Nothing => {}
            Said::Differs(reason) => reasons.push(reason),
        }
        let mut is_temporary = false;
        for number in [1, 2] {
            let doubt = match pair(headers, number) {
                Pair::Absent => continue,
                Pair::Broken(reason) => Doubt::Lasting(reason),
                Pair::Complete { path, signature } => match self.keys.key(&path).await {
                    Ok(key) if key.has_signed(body, &signature) => return Ok(()),
                    Ok(_) => Doubt::Lasting(misfit(number, body)),
                    Err(doubt) => doubt,
                },
            };
            let reason = match doubt {
                Doubt::Lasting(reason) => reason,
                Doubt::Temporary(reason) => {
                    is_temporary = true;
                    reason
                }
            };
            reasons.push(reason);
        }
        if reasons.is_empty() {
            reasons.push(headers::nothing_there());
        }
        Err(Unproven { reason: reasons.join("; "), is_temporary })
    }

    /// Fetches a validation URL, which tells the events API that events are wanted here. Only of the events API's own
    /// hosts, and without following redirects.
    ///
    /// # Errors
    /// Why it was not fetched, or how the answer looked; without its query, which is a secret.
    pub async fn visit(&self, url: &str) -> Result<(), String> {
        self.visits.visit(url).await
    }
}

fn misfit(number: u8, body: &[u8]) -> String {
    let bytes = body.len();
    format!("`x-adobe-digital-signature-{number}` is no signature of this body of {bytes} bytes with its key")
}

fn address(text: &str, which: &'static str, transport: Transport) -> Result<Url, SettingsError> {
    let url = http_url(text, which)?;
    match (transport, url.scheme()) {
        (Transport::Tls, "http") => Err(SettingsError::Plain { which }),
        (Transport::Tls | Transport::PlainToo, _) => Ok(url),
    }
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

type SharedKey = Arc<SenderKey>;
