//! Access tokens by client credentials, each used until shortly before it ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde::Deserialize;

use super::http::read_bounded;
use super::workspace::Workspace;

/// A token is renewed so long before its end.
const SPARE: Duration = Duration::from_mins(1);
/// One client is used; others are those of before.
const TOKENS_MAX: usize = 16;

pub struct Tokens {
    url: String,
    /// By client.
    known: Mutex<HashMap<String, Token>>,
}

#[derive(Clone)]
struct Token {
    text: SecretString,
    /// Which workspace it was given to: one with new secrets asks again.
    workspace: Workspace,
    until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

/// Why there is no token. Tells nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoToken {
    /// None of the client's secrets counts.
    Refused(String),
    NoAnswer,
}

impl Tokens {
    pub fn new(url: String) -> Self {
        Self { url, known: Mutex::default() }
    }

    /// A token of this client: the known one, or a new one.
    ///
    /// # Errors
    /// None was given.
    pub async fn of(&self, client: &reqwest::Client, workspace: &Workspace) -> Result<SecretString, NoToken> {
        let known = self.known().get(&workspace.client_id).cloned();
        match known {
            Some(token) if token.until > Instant::now() && token.workspace == *workspace => Ok(token.text),
            _ => self.renew(client, workspace).await,
        }
    }

    /// The next call asks for a new one.
    pub fn forget(&self, workspace: &Workspace) {
        self.known().remove(&workspace.client_id);
    }

    /// The secrets one by one: while one takes the other's place, only one of them may count.
    async fn renew(&self, client: &reqwest::Client, workspace: &Workspace) -> Result<SecretString, NoToken> {
        let mut refusal = NoToken::NoAnswer;
        for secret in &workspace.client_secrets {
            match self.ask(client, workspace, secret).await {
                Ok(Granted { access_token, expires_in }) => {
                    let text = SecretString::from(access_token);
                    let until = Instant::now() + Duration::from_secs(expires_in).saturating_sub(SPARE);
                    let token = Token { text: text.clone(), workspace: workspace.clone(), until };
                    let mut known = self.known();
                    if known.len() >= TOKENS_MAX {
                        known.clear();
                    }
                    known.insert(workspace.client_id.clone(), token);
                    return Ok(text);
                }
                Err(NoToken::NoAnswer) => return Err(NoToken::NoAnswer),
                Err(refused) => refusal = refused,
            }
        }
        Err(refusal)
    }

    async fn ask(&self, client: &reqwest::Client, workspace: &Workspace, secret: &str) -> Result<Granted, NoToken> {
        let scopes = workspace.scopes.join(",");
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &workspace.client_id)
            .append_pair("client_secret", secret)
            .append_pair("scope", &scopes)
            .finish();
        let request = client.post(&self.url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.map_err(|_| NoToken::NoAnswer)?;
        let status = answer.status();
        let is_temporary = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let body = read_bounded(answer).await.ok_or(NoToken::NoAnswer)?;
        match serde_json::from_slice(&body) {
            Ok(granted) if status.is_success() => Ok(granted),
            _ if is_temporary => Err(NoToken::NoAnswer),
            _ => Err(NoToken::Refused(format!("no token is given for these credentials ({})", status.as_u16()))),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Token>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}
