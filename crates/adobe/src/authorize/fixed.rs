use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use sdk::Stop;
use secrecy::{ExposeSecret, SecretString};

use super::Authorize;

/// For targets that ask for none, or get theirs from a fixed header.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

/// A token that does not change: the sandbox's, or a Commerce integration's access token used as bearer.
#[derive(Debug)]
pub struct Bearer(SecretString);

/// A key in a header of its own.
#[derive(Debug)]
pub struct ApiKey {
    header: HeaderName,
    key: SecretString,
}

/// A user's name and password (RFC 7617).
#[derive(Debug)]
pub struct Basic {
    user: String,
    password: SecretString,
}

impl Bearer {
    pub fn new(token: SecretString) -> Self {
        Self(token)
    }
}

impl ApiKey {
    pub fn new(header: HeaderName, key: SecretString) -> Self {
        Self { header, key }
    }
}

impl Basic {
    pub fn new(user: &str, password: SecretString) -> Self {
        Self { user: user.to_owned(), password }
    }
}

#[async_trait]
impl Authorize for NoCredentials {
    async fn authorize(&self, _: &mut reqwest::Request) -> Result<(), Stop> {
        Ok(())
    }
}

#[async_trait]
impl Authorize for Bearer {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        let value = secret_value(&format!("Bearer {}", self.0.expose_secret()), "access token")?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
}

#[async_trait]
impl Authorize for ApiKey {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        request.headers_mut().insert(self.header.clone(), secret_value(self.key.expose_secret(), "API key")?);
        Ok(())
    }
}

#[async_trait]
impl Authorize for Basic {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.password.expose_secret()));
        request.headers_mut().insert(AUTHORIZATION, secret_value(&format!("Basic {pair}"), "user and password")?);
        Ok(())
    }
}

fn secret_value(text: &str, what: &str) -> Result<HeaderValue, Stop> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Stop::park(format!("the {what} for this call has characters that no header can carry")))?;
    value.set_sensitive(true);
    Ok(value)
}
