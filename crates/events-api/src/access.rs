use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::{SignedDuration, Timestamp};
use store::{Credential, Store, StoreError};

use crate::Service;
use crate::jwt::{Token, TokenKey};
use crate::problem::Problem;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Longer ones are not looked at; ours have about 500 bytes.
const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Tokens whose signature need not be checked again.
const TOKENS_MAX: usize = 1_024;

/// The command line revokes credentials in another process, so what was read of them counts no longer than this.
const CREDENTIALS_FRESH: SignedDuration = SignedDuration::from_secs(1);

/// Who calls: a credential that is alive, proved by its bearer token and its `x-api-key`.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client_id: String,
    pub(crate) credential_id: String,
}

/// Why a request is nobody's.
#[derive(Debug)]
pub(crate) enum Denied {
    Token(&'static str),
    /// The token is good, but the `x-api-key` is not its client's, or the client was revoked.
    Key,
    /// The token was not asked for with the scope of the API.
    Scope,
    Unknown(StoreError),
}

/// What is remembered so that most requests are let in after two look-ups in memory.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) key: TokenKey,
    tokens: RwLock<HashMap<Box<str>, Token>>,
    credentials: RwLock<Option<Arc<Credentials>>>,
    /// Held by the one who reads the credentials anew.
    turn: tokio::sync::Mutex<()>,
}

/// The credentials as they were at one time, by client id.
#[derive(Debug)]
pub(crate) struct Credentials {
    at: Timestamp,
    by_client: HashMap<String, Credential>,
}

impl Credentials {
    pub(crate) fn of(&self, client_id: &str) -> Option<&Credential> {
        self.by_client.get(client_id)
    }

    /// The client's credential, unless it was revoked.
    pub(crate) fn alive(&self, client_id: &str, now: Timestamp) -> Option<&Credential> {
        self.of(client_id).filter(|credential| credential.revoked.is_none_or(|revoked| now < revoked))
    }
}

impl Access {
    pub(crate) fn new(key: TokenKey) -> Self {
        Self { key, tokens: RwLock::default(), credentials: RwLock::default(), turn: tokio::sync::Mutex::new(()) }
    }

    /// The credentials as they are now.
    pub(crate) async fn read(&self, store: &dyn Store, now: Timestamp) -> Result<Arc<Credentials>, StoreError> {
        let by_client = store.credentials().await?.into_iter().map(|known| (known.client_id.clone(), known)).collect();
        let credentials = Arc::new(Credentials { at: now, by_client });
        *self.credentials.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&credentials));
        Ok(credentials)
    }

    /// The credentials as they were a moment ago.
    pub(crate) async fn recent(&self, store: &dyn Store, now: Timestamp) -> Result<Arc<Credentials>, StoreError> {
        if let Some(credentials) = self.remembered(now) {
            return Ok(credentials);
        }
        let _turn = self.turn.lock().await;
        match self.remembered(now) {
            Some(credentials) => Ok(credentials),
            None => self.read(store, now).await,
        }
    }

    fn remembered(&self, now: Timestamp) -> Option<Arc<Credentials>> {
        let credentials = self.credentials.read().unwrap_or_else(PoisonError::into_inner).clone();
        credentials.filter(|credentials| now.duration_since(credentials.at).abs() < CREDENTIALS_FRESH)
    }

    /// A token of ours, also one that has expired. Its signature is checked once; then the token itself is the proof.
    pub(crate) fn known(&self, text: &str, now: Timestamp) -> Option<Token> {
        let known = self.tokens.read().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        known.or_else(|| self.check(text, now))
    }

    fn check(&self, text: &str, now: Timestamp) -> Option<Token> {
        let token = self.key.check(text)?;
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS_MAX {
            tokens.retain(|_, token| now < token.expires);
        }
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(text.into(), token.clone());
        Some(token)
    }
}

/// Finds out who calls.
pub(crate) async fn authenticate(service: &Service, headers: &HeaderMap) -> Result<Caller, Denied> {
    let inner = &service.0;
    let now = inner.clock.now();
    let text = bearer(headers)?;
    let token = inner.access.known(text, now).filter(|token| now < token.expires);
    let token = token.ok_or(Denied::Token("the token is malformed or expired"))?;
    if headers.get(API_KEY).is_none_or(|key| key.as_bytes() != token.client_id.as_bytes()) {
        return Err(Denied::Key);
    }
    if !token.uses_api {
        return Err(Denied::Scope);
    }
    let credentials = inner.access.recent(&*inner.store, now).await.map_err(Denied::Unknown)?;
    match credentials.alive(&token.client_id, now) {
        Some(credential) => Ok(Caller { client_id: token.client_id, credential_id: credential.id.clone() }),
        None => Err(Denied::Key),
    }
}

/// The token of `Authorization`.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Denied> {
    let value = headers.get(AUTHORIZATION).ok_or(Denied::Token("the token is missing"))?;
    let text = value.to_str().ok().filter(|text| text.len() <= TOKEN_BYTES_MAX);
    let (scheme, token) =
        text.and_then(|text| text.trim().split_once(' ')).ok_or(Denied::Token("the token is malformed"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denied::Token("the authorization is no bearer token"));
    }
    Ok(token.trim())
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Token(message) => Self::new(StatusCode::UNAUTHORIZED, message),
            Denied::Key => Self::new(StatusCode::FORBIDDEN, "the `x-api-key` is missing, wrong or revoked"),
            Denied::Scope => Self::new(StatusCode::FORBIDDEN, "the token lacks the scope `adobeio_api`"),
            Denied::Unknown(error) => error.into(),
        }
    }
}

impl FromRequestParts<Service> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        Ok(authenticate(service, &parts.headers).await?)
    }
}
