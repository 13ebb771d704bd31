//! OAuth 1.0a as Commerce demands it of an integration: HMAC-SHA256 over the base string of RFC 5849.
//!
//! It shares nothing with the client that the kit signs with: two readings of the RFC test each other.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use axum::http::{StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::Integration;
use crate::answer::Answer;

mod base;
mod nonces;
mod parameters;

pub use base::base_string;
use base::{encoded, query_pairs, url};
pub use nonces::{Nonces, TIMESTAMP_DEVIATION_S};
use parameters::Parameters;

const METHOD: &str = "HMAC-SHA256";
const VERSION: &str = "1.0";

/// Knows the one integration and what it has used up.
pub struct Verifier {
    integration: Option<Integration>,
    nonces: Mutex<Nonces>,
}

/// What of a request its signature is about.
#[derive(Debug)]
pub struct Signed<'a> {
    pub method: &'a str,
    pub uri: &'a Uri,
    pub host: &'a str,
    /// What follows the scheme in the header `Authorization`.
    pub parameters: &'a str,
}

/// Why a signed request is refused, by the names that Commerce has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    VersionRejected,
    ParameterAbsent(&'static str),
    ParameterRejected,
    TimestampRefused,
    NonceUsed,
    SignatureMethodRejected,
    SignatureInvalid,
    ConsumerKeyRejected,
    TokenRejected,
}

impl Verifier {
    /// Without an integration, or with one that lacks a value, every signature is refused.
    pub fn new(integration: Option<Integration>) -> Self {
        Self { integration: integration.filter(is_complete), nonces: Mutex::new(Nonces::default()) }
    }

    /// `now` is in seconds. A nonce is used up by a right signature only.
    pub fn verify(&self, request: &Signed<'_>, now: i64) -> Result<(), Problem> {
        let parameters = Parameters::parse(request.parameters)?;
        let query = query_pairs(request.uri.query().unwrap_or_default());
        if query.iter().any(|(name, _)| name.starts_with(parameters::PREFIX.as_bytes())) {
            return Err(Problem::ParameterRejected);
        }
        let given = parameters.given()?;
        if given.version.is_some_and(|version| version != VERSION) {
            return Err(Problem::VersionRejected);
        }
        if given.signature_method != METHOD {
            return Err(Problem::SignatureMethodRejected);
        }
        let known = self.integration.as_ref();
        let known = known.filter(|known| is_same(&known.consumer_key, given.consumer_key));
        let known = known.ok_or(Problem::ConsumerKeyRejected)?;
        if !is_same(&known.access_token, given.token) {
            return Err(Problem::TokenRejected);
        }
        let timestamp = seconds(given.timestamp).filter(|timestamp| now.abs_diff(*timestamp) <= TIMESTAMP_DEVIATION_S);
        let timestamp = timestamp.ok_or(Problem::TimestampRefused)?;
        let pairs = parameters.signed().chain(query);
        let base = base_string(request.method, &url(request.host, request.uri.path()), pairs);
        check_signature(known, &base, given.signature)?;
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner).use_up(given.nonce, timestamp, now)
    }
}

impl Problem {
    fn name(self) -> &'static str {
        match self {
            Self::VersionRejected => "version_rejected",
            Self::ParameterAbsent(_) => "parameter_absent",
            Self::ParameterRejected => "parameter_rejected",
            Self::TimestampRefused => "timestamp_refused",
            Self::NonceUsed => "nonce_used",
            Self::SignatureMethodRejected => "signature_method_rejected",
            Self::SignatureInvalid => "signature_invalid",
            Self::ConsumerKeyRejected => "consumer_key_rejected",
            Self::TokenRejected => "token_rejected",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::VersionRejected
            | Self::ParameterAbsent(_)
            | Self::ParameterRejected
            | Self::TimestampRefused
            | Self::SignatureMethodRejected => StatusCode::BAD_REQUEST,
            Self::NonceUsed | Self::SignatureInvalid | Self::ConsumerKeyRejected | Self::TokenRejected => {
                StatusCode::UNAUTHORIZED
            }
        }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let message = match problem {
            Problem::ParameterAbsent(name) => {
                format!("oauth_problem={}&oauth_parameters_absent={name}", problem.name())
            }
            _ => format!("oauth_problem={}", problem.name()),
        };
        Self::refusal(problem.status(), &message, &Value::Null)
    }
}

/// What follows the scheme, when that is `OAuth`.
pub fn below_scheme(authorization: &str) -> Option<&str> {
    let (scheme, parameters) = authorization.split_once(' ').unwrap_or((authorization, ""));
    scheme.eq_ignore_ascii_case("OAuth").then_some(parameters)
}

fn check_signature(known: &Integration, base: &str, signature: &str) -> Result<(), Problem> {
    let secret =
        format!("{}&{}", encoded(known.consumer_secret.as_bytes()), encoded(known.access_token_secret.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = STANDARD.decode(signature).map_err(|_| Problem::SignatureInvalid)?;
    // Compares in constant time.
    hmac::verify(&key, base.as_bytes(), &signature).map_err(|_| Problem::SignatureInvalid)
}

fn is_complete(integration: &Integration) -> bool {
    let Integration { consumer_key, consumer_secret, access_token, access_token_secret } = integration;
    [consumer_key, consumer_secret, access_token, access_token_secret].iter().all(|value| !value.is_empty())
}

fn is_same(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

/// Digits only: a sign or a fraction is no timestamp.
fn seconds(text: &str) -> Option<i64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}
