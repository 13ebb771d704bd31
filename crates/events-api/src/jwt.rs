//! Access tokens: JSON Web Tokens of our own, with the claims that Adobe's have.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};

use crate::credentials::random;
use crate::vouch::READ_ORGANIZATIONS;

/// How long a token counts.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// What signs the tokens of this store; made once.
pub(crate) const KEY_NAME: &str = "events-api/token-key";
const KEY_BYTES: usize = 32;

/// The scope that publishing, the management API and the journal want (contract, section 1.4).
const API: &str = "adobeio_api";

/// The type of all tokens here.
pub(crate) const ACCESS_TOKEN: &str = "access_token";

/// The key that signs and checks tokens. Never shown.
pub(crate) struct TokenKey {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

/// A token that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) client_id: String,
    pub(crate) expires: Timestamp,
    /// It has the scope that tells whose it is.
    pub(crate) reads_organizations: bool,
    /// It has the scope of publishing, the management API and the journal.
    pub(crate) uses_api: bool,
}

/// Times as texts in milliseconds are Adobe's way, `iat` and `exp` in seconds are everybody's.
#[derive(Debug, Deserialize, Serialize)]
struct Claims {
    #[serde(rename = "type")]
    kind: String,
    client_id: String,
    scope: String,
    created_at: String,
    expires_in: String,
    iat: i64,
    exp: i64,
}

impl TokenKey {
    /// The store's key; made now when there is none.
    pub(crate) async fn load(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        if let Some(bytes) = store.value(KEY_NAME, now).await? {
            return Self::new(&bytes);
        }
        let bytes = random::<KEY_BYTES>();
        if store.reserve(KEY_NAME, bytes.to_vec(), now, Timestamp::MAX).await? {
            return Self::new(&bytes);
        }
        let earlier = store.value(KEY_NAME, now).await?.ok_or(StoreError::Damaged("token key"))?;
        Self::new(&earlier)
    }

    fn new(bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.len() != KEY_BYTES {
            return Err(StoreError::Damaged("token key"));
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would ask the machine's clock; ours is compared by whoever uses the token.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Ok(Self { signing: EncodingKey::from_secret(bytes), checking: DecodingKey::from_secret(bytes), validation })
    }

    /// A token for a client; `scope` is a list with commas.
    pub(crate) fn issue(
        &self,
        client_id: &str,
        scope: String,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            kind: ACCESS_TOKEN.to_owned(),
            client_id: client_id.to_owned(),
            scope,
            created_at: now.as_millisecond().to_string(),
            expires_in: LIFETIME.as_millis().to_string(),
            iat: now.as_second(),
            exp: now.as_second().saturating_add(LIFETIME.as_secs()),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    /// What a token says, when it is one of ours. Whether it has expired is left to the caller.
    pub(crate) fn check(&self, token: &str) -> Option<Token> {
        let claims = decode::<Claims>(token, &self.checking, &self.validation).ok()?.claims;
        let expires = Timestamp::from_second(claims.exp).ok()?;
        let has = |wanted: &str| claims.scope.split(',').any(|scope| scope == wanted);
        let (reads_organizations, uses_api) = (has(READ_ORGANIZATIONS), has(API));
        let token = Token { client_id: claims.client_id, expires, reads_organizations, uses_api };
        (claims.kind == ACCESS_TOKEN).then_some(token)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenKey")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_123).expect("a time in this century")
    }

    #[test]
    fn a_token_has_the_claims_of_adobes() {
        let key = TokenKey::new(&[7; 32]).unwrap();
        let token = key.issue("client", "openid,adobeio_api".to_owned(), now()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, _] = parts[..] else { panic!("three parts") };
        let part =
            |part: &str| -> Value { serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        assert_eq!(part(header), json!({"typ": "JWT", "alg": "HS256"}));
        let expected = json!({
            "type": "access_token", "client_id": "client", "scope": "openid,adobeio_api",
            "created_at": "1767225600123", "expires_in": "86400000", "iat": 1_767_225_600, "exp": 1_767_312_000,
        });
        assert_eq!(part(claims), expected);
        let expires = Timestamp::from_second(1_767_312_000).unwrap();
        let checked = Token { client_id: "client".to_owned(), expires, reads_organizations: false, uses_api: true };
        assert_eq!(key.check(&token), Some(checked));
        let token = key.issue("client", "openid,read_organizations".to_owned(), now()).unwrap();
        let checked = key.check(&token).unwrap();
        assert!(checked.reads_organizations && !checked.uses_api);
    }

    #[test]
    fn what_was_not_signed_with_this_key_is_no_token() {
        let key = TokenKey::new(&[7; 32]).unwrap();
        let other = TokenKey::new(&[8; 32]).unwrap().issue("client", String::new(), now()).unwrap();
        assert_eq!(key.check(&other), None);
        let token = key.issue("client", String::new(), now()).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (_, claims) = message.split_once('.').unwrap();
        let unsigned = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        for forged in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{message}."),
            format!("{unsigned}.{claims}."),
            format!("{unsigned}.{claims}.{signature}"),
            format!("{token}A"),
        ] {
            assert_eq!(key.check(&forged), None, "{forged}");
        }
        assert!(TokenKey::new(&[7; 31]).is_err());
    }
}
