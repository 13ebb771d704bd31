use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, Scope, TokenResponse as _, TokenUrl,
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::ask::ask;
use super::error::TokenError;
use super::{ImsSettings, Token};
use crate::clock::{Clock, after};
use crate::flight::Kept;
use crate::pool::Pool;
use crate::settings::{SettingsError, http_url};

/// A token is renewed before its end by this, or by a tenth of its life if that is less.
const MARGIN_LONGEST: Duration = Duration::from_mins(5);

/// When an answer does not say how long its token lives.
const LIFETIME_UNSAID: Duration = Duration::from_hours(1);

/// No token lives this many seconds (115 days): a larger number is milliseconds, which some of Adobe's services send.
const LIFETIME_SECONDS_MAX: u64 = 10_000_000;

/// Client id and secret in, token out.
#[derive(Debug)]
pub(super) struct Exchange {
    pool: Pool,
    clock: Clock,
    settings: ImsSettings,
    token_url: TokenUrl,
    /// Which secret worked last.
    secret: AtomicUsize,
    tokens: AtomicU64,
    /// The next token stands in for one that a service rejected.
    replaces: AtomicBool,
}

impl Exchange {
    pub fn new(pool: Pool, clock: Clock, settings: ImsSettings) -> Result<Self, SettingsError> {
        if settings.client_secrets.is_empty() {
            return Err(SettingsError::NoSecret);
        }
        let token_url = TokenUrl::from_url(http_url(&settings.token_url, "address of IMS tokens")?);
        let secret = AtomicUsize::new(0);
        let (tokens, replaces) = (AtomicU64::new(0), AtomicBool::new(false));
        Ok(Self { pool, clock, settings, token_url, secret, tokens, replaces })
    }

    pub fn replace(&self) {
        self.replaces.store(true, Ordering::Relaxed);
    }

    /// Tries the secret that worked last, then the others: during a rotation one of them is already or still good.
    pub async fn run(self: Arc<Self>) -> Result<Kept<Token>, TokenError> {
        let (last, count) = (self.secret.load(Ordering::Relaxed), self.settings.client_secrets.len());
        for index in (last..count).chain(0..last) {
            let outcome = self.ask(index).await;
            if matches!(outcome, Err(TokenError::InvalidClient)) {
                continue;
            }
            let answer = outcome?;
            self.secret.store(index, Ordering::Relaxed);
            return self.keep(&answer);
        }
        Err(TokenError::InvalidClient)
    }

    async fn ask(&self, index: usize) -> Result<BasicTokenResponse, TokenError> {
        let client = BasicClient::new(ClientId::new(self.settings.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.settings.client_secrets[index].expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(self.token_url.clone());
        let mut request = client.exchange_client_credentials();
        if !self.settings.scopes.is_empty() {
            // IMS separates scopes by commas, so that to the library all of them are one.
            request = request.add_scope(Scope::new(self.settings.scopes.join(",")));
        }
        if let Some(org_id) = self.settings.org_id.as_deref().filter(|_| self.is_second_version()) {
            request = request.add_extra_param("org_id", org_id);
        }
        request.request_async(self).await.map_err(TokenError::of)
    }

    /// Only the second version of the token address wants to know the organisation.
    fn is_second_version(&self) -> bool {
        self.token_url.url().path().ends_with("/v2")
    }

    /// Nothing gets back to the library but an answer that it can read.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TokenError> {
        let request = reqwest::Request::try_from(request).map_err(TokenError::no_answer)?;
        let answered = ask(&self.pool, &self.clock, request).await?;
        let json = answered.json()?;
        let (code, status) = (answered.code, answered.code.as_u16());
        let error = &json["error"];
        let mut answer = match code {
            StatusCode::OK => HttpResponse::new(answered.body),
            _ if error.is_string() => HttpResponse::new(json!({ "error": error }).to_string().into_bytes()),
            _ => return Err(TokenError::Unreadable { status }),
        };
        *answer.status_mut() = code;
        Ok(answer)
    }

    fn keep(&self, answer: &BasicTokenResponse) -> Result<Kept<Token>, TokenError> {
        let now = self.clock.now();
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        let replaced_at = self.replaces.swap(false, Ordering::Relaxed).then_some(now);
        redaction::process().learn_passing(answer.access_token().secret());
        let value = Token::new(answer.access_token().secret(), number, replaced_at)
            .ok_or(TokenError::Unreadable { status: 200 })?;
        let lifetime = answer.expires_in().map_or(LIFETIME_UNSAID, |said| lifetime(said.as_secs()));
        let margin = MARGIN_LONGEST.min(lifetime / 10);
        Ok(Kept { value, renew_at: after(now, lifetime.saturating_sub(margin)), usable_until: after(now, lifetime) })
    }
}

/// The library's way to the network. A closure would do, but its future could not be sent to another thread.
impl<'c> AsyncHttpClient<'c> for Exchange {
    type Error = TokenError;
    type Future = BoxFuture<'c, Result<HttpResponse, TokenError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.send(request).boxed()
    }
}

fn lifetime(said: u64) -> Duration {
    if said > LIFETIME_SECONDS_MAX { Duration::from_millis(said) } else { Duration::from_secs(said) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: u64, seconds: u64) {
        assert_eq!(lifetime(said), Duration::from_secs(seconds), "{said}");
    }

    #[test]
    fn a_lifetime_is_in_seconds_unless_it_is_too_long_for_a_token() {
        check(0, 0);
        check(86_399, 86_399);
        check(10_000_000, 10_000_000);
        check(86_399_000, 86_399);
    }
}
