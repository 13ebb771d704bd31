//! Bearer tokens that are JSON Web Tokens (RFC 7519), signed with a key pair whose public half is known.

mod claims;
mod keys;

use std::time::Duration;

use http::header::AUTHORIZATION;
use jiff::Timestamp;
pub use jsonwebtoken::Algorithm;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use thiserror::Error;

use self::claims::Claims;
pub use self::keys::{KeySet, KeySetFault};
use crate::{Message, Mismatch, header};

/// The name of the scheme.
pub const SCHEME: &str = "jwt";

/// How far clocks may differ when a token says from when until when it counts.
pub const SKEW_DEFAULT: Duration = Duration::from_mins(1);

/// The algorithms with a key pair. A token that is signed with a shared secret could be made by whoever knows the public
/// key, if a verifier took that key's text for the secret.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

const EXPECTED: &str = "`Bearer` and a token";

/// What is shown of a text that a stranger made.
const CHARACTERS_SHOWN: usize = 64;

/// What a token has to say.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Any when there is none.
    pub issuer: Option<String>,
    /// One of them has to be in `aud`; any when there is none.
    pub audiences: Vec<String>,
    pub algorithms: Vec<Algorithm>,
    pub skew: Duration,
}

/// Why a token proves nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TokenFault {
    #[error("the token is no JSON Web Token")]
    Unreadable,
    #[error("the token's algorithm is not one of those that are taken")]
    Algorithm,
    /// Whoever does not understand them must not take it (RFC 7515, section 4.1.11).
    #[error("the token has critical extensions, and none is understood")]
    Critical,
    /// Newer keys may have it.
    #[error("none of {keys} key(s) is called {kid:?}, as the token's is")]
    UnknownKey { kid: String, keys: usize },
    /// Newer keys may fit.
    #[error("the token's signature fits none of {keys} key(s)")]
    Signature { keys: usize },
    #[error("the token expired {0} s ago")]
    Expired(u64),
    #[error("the token counts only in {0} s")]
    TooEarly(u64),
    #[error("the token does not say in `exp` how long it counts")]
    NoEnd,
    #[error("the token's `{0}` is missing or is another")]
    Other(&'static str),
}

/// The token of a request.
pub fn bearer<'a>(message: &Message<'a>) -> Result<&'a str, Mismatch> {
    let name = AUTHORIZATION.as_str();
    let value = header::only(message.headers, name)?;
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty());
    token.ok_or_else(|| Mismatch::Malformed { header: name.to_owned(), expected: EXPECTED })
}

impl Rule {
    /// Whether it is a token that keys could be good for at all.
    pub fn admits(&self, token: &str) -> Result<(), TokenFault> {
        self.head(token).map(drop)
    }

    /// Whether one of the keys signed this token, and whether it says what it has to say now.
    pub fn verify(&self, token: &str, keys: &KeySet, now: Timestamp) -> Result<(), TokenFault> {
        let claims = self.signed(token, keys)?;
        self.check_times(&claims, now)?;
        let is_other = |name, is_fine: bool| if is_fine { Ok(()) } else { Err(TokenFault::Other(name)) };
        is_other("iss", self.issuer.is_none() || claims.issuer == self.issuer)?;
        let is_meant = claims.audiences.iter().any(|audience| self.audiences.contains(audience));
        is_other("aud", self.audiences.is_empty() || is_meant)
    }

    /// What the token says, when one of the keys signed it.
    fn signed(&self, token: &str, keys: &KeySet) -> Result<Claims, TokenFault> {
        let head = self.head(token)?;
        let mut validation = Validation::new(head.alg);
        // The library would ask the machine's clock, and its texts do not say what differed.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let mut tried = 0;
        for key in keys.of(head.kid.as_deref(), head.alg) {
            tried += 1;
            match decode::<Claims>(token, key, &validation) {
                Ok(token) => return Ok(token.claims),
                Err(error) => match error.kind() {
                    ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => {}
                    _ => return Err(TokenFault::Unreadable),
                },
            }
        }
        match head.kid {
            Some(kid) if tried == 0 => {
                let kid = kid.chars().take(CHARACTERS_SHOWN).collect();
                Err(TokenFault::UnknownKey { kid, keys: keys.count() })
            }
            _ => Err(TokenFault::Signature { keys: tried }),
        }
    }

    fn head(&self, token: &str) -> Result<Header, TokenFault> {
        let head = decode_header(token).map_err(|_| TokenFault::Unreadable)?;
        if head.crit.is_some() {
            return Err(TokenFault::Critical);
        }
        if self.algorithms.contains(&head.alg) { Ok(head) } else { Err(TokenFault::Algorithm) }
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
        let now_s = now.as_second();
        let skew_s = i64::try_from(self.skew.as_secs()).unwrap_or(i64::MAX);
        let late_s = now_s.saturating_sub(claims.expires_s.ok_or(TokenFault::NoEnd)?);
        if late_s >= skew_s.max(1) {
            return Err(TokenFault::Expired(late_s.unsigned_abs()));
        }
        let early_s = claims.not_before_s.map_or(0, |begin| begin.saturating_sub(now_s));
        if early_s > skew_s {
            return Err(TokenFault::TooEarly(early_s.unsigned_abs()));
        }
        Ok(())
    }
}
