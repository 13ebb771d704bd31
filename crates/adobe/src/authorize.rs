use std::fmt;

use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use sdk::Stop;
use secrecy::{ExposeSecret, SecretString};

/// Puts the credentials of one attempt onto a request.
#[async_trait]
pub trait Authorize: Send + Sync + fmt::Debug {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop>;
}

/// A token that does not change: the sandbox's, or a Commerce integration's access token used as bearer.
#[derive(Debug)]
pub struct Bearer(SecretString);

impl Bearer {
    pub fn new(token: SecretString) -> Self {
        Self(token)
    }
}

#[async_trait]
impl Authorize for Bearer {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0.expose_secret()))
            .map_err(|_| Stop::park("the access token of Commerce has characters that no header can carry"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
}
