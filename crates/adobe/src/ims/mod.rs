//! Access tokens of Adobe's identity service (IMS): ours, by client credentials, and a check of those that others bring.

mod ask;
mod check;
mod claims;
mod error;
mod exchange;
mod token;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::SecretString;

pub use self::check::{TokenCheck, TokenCheckSettings, TokenDoubt};
pub use self::error::TokenError;
use self::exchange::Exchange;
pub use self::token::Token;
use crate::clock::{Clock, after};
use crate::flight::Flight;
use crate::pool::Pool;
use crate::settings::SettingsError;

/// A token that stands in for a rejected one is kept for at least this long. If it is rejected as well, the fault is not
/// the token's, and each call would ask for one more.
const REPLACEMENT_KEPT: Duration = Duration::from_secs(30);

/// Who asks for tokens, where, and for what.
#[derive(Clone, Debug)]
pub struct ImsSettings {
    /// Usually `https://ims-na1.adobelogin.com/ims/token/v3`.
    pub token_url: String,
    pub client_id: String,
    /// Two while a secret is being rotated; at least one.
    pub client_secrets: Vec<SecretString>,
    /// Sent only to a token address of the second version.
    pub org_id: Option<String>,
    pub scopes: Vec<String>,
}

/// Keeps one access token fresh for everybody.
#[derive(Debug)]
pub struct Ims {
    clock: Clock,
    exchange: Arc<Exchange>,
    flight: Arc<Flight<Token, TokenError>>,
}

impl Ims {
    pub fn new(pool: Pool, settings: ImsSettings, clock: Clock) -> Result<Self, SettingsError> {
        let exchange = Arc::new(Exchange::new(pool, clock.clone(), settings)?);
        Ok(Self { flight: Flight::new(clock.clone()), exchange, clock })
    }

    /// The token at hand, or a new one: one request for all who wait, and after a failure none until its pause is over.
    pub async fn token(&self) -> Result<Token, TokenError> {
        self.flight.get(|| Arc::clone(&self.exchange).run()).await
    }

    /// To be told when a call with this token was answered 401; the next caller gets a new one.
    pub fn rejected(&self, token: &Token) {
        self.reject(|kept| kept == token);
    }

    /// As `rejected`, for who has only what was sent. Says whether the next token may be another one.
    pub(crate) fn rejected_bearer(&self, bearer: &HeaderValue) -> bool {
        self.reject(|kept| kept.bearer() == bearer)
    }

    fn reject(&self, is_meant: impl FnOnce(&Token) -> bool) -> bool {
        let now = self.clock.now();
        let mut is_spared = false;
        let is_forgotten = self.flight.forget(|kept| {
            let is_meant = is_meant(kept);
            let is_young = kept.replaced_at().is_some_and(|at| (at..after(at, REPLACEMENT_KEPT)).contains(&now));
            is_spared = is_meant && is_young;
            is_meant && !is_young
        });
        if is_forgotten {
            self.exchange.replace();
        }
        !is_spared
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}
