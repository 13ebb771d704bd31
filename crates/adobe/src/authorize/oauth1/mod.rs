//! OAuth 1.0a with HMAC-SHA256, as Commerce's integrations sign their calls (RFC 5849).

mod base_string;
#[cfg(test)]
mod tests;

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use sdk::Stop;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use self::base_string::{base_string, encode, query_parameters};
use super::Authorize;
use crate::clock::Clock;

/// What Commerce shows when an integration is activated.
#[derive(Clone)]
pub struct OAuth1Credentials {
    pub consumer_key: String,
    pub consumer_secret: SecretString,
    pub access_token: String,
    pub access_token_secret: SecretString,
}

/// Signs every attempt anew: a nonce counts once, and a timestamp not for long.
pub struct OAuth1 {
    consumer_key: String,
    access_token: String,
    key: hmac::Key,
    clock: Clock,
}

impl OAuth1 {
    pub fn new(credentials: OAuth1Credentials, clock: Clock) -> Self {
        let [consumer, token] = [&credentials.consumer_secret, &credentials.access_token_secret]
            .map(|secret| encode(secret.expose_secret().as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, format!("{consumer}&{token}").as_bytes());
        Self { consumer_key: credentials.consumer_key, access_token: credentials.access_token, key, clock }
    }

    /// The value of `Authorization` for one request.
    fn header(&self, request: &reqwest::Request, nonce: &str, now: Timestamp) -> String {
        let timestamp = now.as_second().to_string();
        let mut parameters = vec![
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", &self.access_token),
            ("oauth_version", "1.0"),
        ];
        let mut signed = query_parameters(request.url().query().unwrap_or_default());
        signed.extend(parameters.iter().map(|(name, value)| (encode(name.as_bytes()), encode(value.as_bytes()))));
        let text = base_string(request.method().as_str(), request.url(), signed);
        let signature = STANDARD.encode(hmac::sign(&self.key, text.as_bytes()));
        parameters.push(("oauth_signature", &signature));
        parameters.sort_unstable();
        let said = parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value.as_bytes())));
        format!("OAuth {}", said.collect::<Vec<_>>().join(", "))
    }
}

#[async_trait]
impl Authorize for OAuth1 {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        // The digits of a random UUID are 32 alphanumerics.
        let nonce = Uuid::new_v4().simple().to_string();
        let mut value = HeaderValue::try_from(self.header(request, &nonce, self.clock.now()))
            .map_err(|_| Stop::park("the OAuth credentials of Commerce cannot be carried by a header"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
}

impl fmt::Debug for OAuth1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1").field("consumer_key", &self.consumer_key).finish_non_exhaustive()
    }
}

/// The access token is left out, too: a store may be set to take it as bearer.
impl fmt::Debug for OAuth1Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1Credentials").field("consumer_key", &self.consumer_key).finish_non_exhaustive()
    }
}
