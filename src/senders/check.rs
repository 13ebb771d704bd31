use std::sync::Arc;
use std::time::Duration;

use adobe::{Issuer, Pool};
use anyhow::Context;
use engine::{Clock, Denial};
use schemes::jwt::{self, TokenFault};
use schemes::network::Hop;
use schemes::{Message, Proven, Scheme, Window, client_certificate};
use settings::IngestionScheme;

use crate::guards::{Authority, Guards};

/// One scheme with all that it asks.
#[derive(Debug)]
pub enum Check {
    Request(Scheme),
    Token { rule: jwt::Rule, issuer: Issuer },
    Ims(Authority),
    ClientCertificate(client_certificate::Rule),
}

/// Why a scheme does not accept.
pub enum Doubt {
    Refused(String),
    /// It cannot be told now.
    Unknown {
        reason: String,
        retry_after: Duration,
    },
}

impl Check {
    pub fn new(scheme: &IngestionScheme, clock: &Arc<dyn Clock>, pool: &Pool, guards: &Guards) -> anyhow::Result<Self> {
        Ok(match scheme {
            IngestionScheme::Request(scheme) => Self::Request(scheme.clone()),
            IngestionScheme::Token { rule, keys_url } => {
                let clock = Arc::clone(clock);
                let issuer = Issuer::new(pool.clone(), keys_url, adobe::Clock::new(move || clock.now()));
                Self::Token { rule: rule.clone(), issuer: issuer.context("the keys of tokens cannot be fetched")? }
            }
            IngestionScheme::Ims => {
                let authority = guards.authority().context("nobody vouches for the tokens of the scheme `ims`")?;
                Self::Ims(authority.clone())
            }
            IngestionScheme::ClientCertificate(rule) => Self::ClientCertificate(rule.clone()),
        })
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Request(scheme) => scheme.name(),
            Self::Token { .. } => jwt::SCHEME,
            Self::Ims(_) => IngestionScheme::Ims.name(),
            Self::ClientCertificate(_) => client_certificate::SCHEME,
        }
    }

    pub async fn ask(&self, message: &Message<'_>, window: Window, hop: Hop) -> Result<Proven, Doubt> {
        let refused = |text: &dyn std::fmt::Display| Doubt::Refused(text.to_string());
        match self {
            Self::Request(scheme) => scheme.verify(message, window).map_err(|mismatch| refused(&mismatch)),
            Self::ClientCertificate(rule) => rule.verify(message, hop).map_err(|mismatch| refused(&mismatch)),
            Self::Token { rule, issuer } => {
                let token = jwt::bearer(message).map_err(|mismatch| refused(&mismatch))?;
                rule.admits(token).map_err(|fault| refused(&fault))?;
                by_issuer(rule, issuer, token, window).await
            }
            Self::Ims(authority) => {
                let token = jwt::bearer(message).map_err(|mismatch| refused(&mismatch))?;
                authority.vouch(token).await.map(|()| Proven { nonce: None }).map_err(|denial| match denial {
                    Denial::Unproven { reason } | Denial::Unauthenticated { reason } => Doubt::Refused(reason),
                    Denial::Undecided { reason, retry_after } => Doubt::Unknown { reason, retry_after },
                })
            }
        }
    }
}

/// A token by a key that is not known may be by one that is newer than those at hand.
async fn by_issuer(rule: &jwt::Rule, issuer: &Issuer, token: &str, window: Window) -> Result<Proven, Doubt> {
    let known = issuer.keys().await.map_err(|error| {
        let retry_after = error.pause();
        Doubt::Unknown { reason: error.to_string(), retry_after }
    })?;
    let mut verified = rule.verify(token, &known.keys, window.now);
    if matches!(verified, Err(TokenFault::UnknownKey { .. } | TokenFault::Signature { .. })) {
        verified = rule.verify(token, &issuer.newer(&known).await.keys, window.now);
    }
    verified.map(|()| Proven { nonce: None }).map_err(|fault| Doubt::Refused(fault.to_string()))
}
