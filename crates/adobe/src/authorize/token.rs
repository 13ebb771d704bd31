use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use sdk::Stop;

use super::Authorize;
use crate::flight::Failure;
use crate::ims::{Ims, TokenError};
use crate::settings::{SettingsError, header};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ORG_ID: HeaderName = HeaderName::from_static("x-gw-ims-org-id");

/// A token of IMS, with what Adobe's gateways want to know besides.
#[derive(Debug)]
pub struct ImsBearer {
    ims: Arc<Ims>,
    api_key: HeaderValue,
    org_id: Option<HeaderValue>,
}

/// A token by OAuth 2.0 client credentials, from whatever service the back office trusts.
#[derive(Debug)]
pub struct ClientCredentials(Arc<Ims>);

impl ImsBearer {
    /// `client_id` is the one that the tokens are asked for with.
    pub fn new(ims: Arc<Ims>, client_id: &str, org_id: Option<&str>) -> Result<Self, SettingsError> {
        let org_id = org_id.map(|id| header(id, "OAUTH_ORG_ID")).transpose()?;
        Ok(Self { ims, api_key: header(client_id, "OAUTH_CLIENT_ID")?, org_id })
    }
}

impl ClientCredentials {
    pub fn new(tokens: Arc<Ims>) -> Self {
        Self(tokens)
    }
}

#[async_trait]
impl Authorize for ImsBearer {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        let token = self.ims.token().await.map_err(|error| {
            let message = format!("Unable to get access token: {error}");
            no_token(message, error)
        })?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.bearer().clone());
        headers.insert(API_KEY, self.api_key.clone());
        if let Some(org_id) = &self.org_id {
            headers.insert(ORG_ID, org_id.clone());
        }
        Ok(())
    }

    fn rejected(&self, sent: &HeaderMap) -> bool {
        sent.get(AUTHORIZATION).is_some_and(|bearer| self.ims.rejected_bearer(bearer))
    }
}

#[async_trait]
impl Authorize for ClientCredentials {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop> {
        let token = self.0.token().await.map_err(|error| {
            let message = format!("Unable to get access token for the back office: {}", reason(&error));
            no_token(message, error)
        })?;
        request.headers_mut().insert(AUTHORIZATION, token.bearer().clone());
        Ok(())
    }

    fn rejected(&self, sent: &HeaderMap) -> bool {
        sent.get(AUTHORIZATION).is_some_and(|bearer| self.0.rejected_bearer(bearer))
    }
}

/// Refused credentials wait for a person; everything else may pass.
fn no_token(message: String, error: TokenError) -> Stop {
    let stop = match &error {
        TokenError::InvalidClient | TokenError::InvalidScope | TokenError::Refused { .. } => Stop::park(message),
        TokenError::NotJson { .. }
        | TokenError::Unreadable { .. }
        | TokenError::TooLarge { .. }
        | TokenError::Unavailable { .. }
        | TokenError::NoAnswer { .. } => {
            let stop = Stop::retry(message);
            if let Some(wait) = error.retry_after() { stop.after(wait) } else { stop }
        }
    };
    stop.because(error)
}

/// The error's own words are about IMS.
fn reason(error: &TokenError) -> String {
    match error {
        TokenError::InvalidClient => "its token service does not know this client or its secret".to_owned(),
        TokenError::InvalidScope => "its token service does not grant these scopes".to_owned(),
        TokenError::Refused { code } => format!("its token service refuses, its reason is `{code}`"),
        TokenError::NotJson { status, .. }
        | TokenError::Unreadable { status }
        | TokenError::TooLarge { status, .. } => {
            format!("its token service answered {status} without a readable token")
        }
        TokenError::Unavailable { status, .. } => format!("its token service answered {status}"),
        TokenError::NoAnswer { silence, .. } => format!("its token service {silence}"),
    }
}
