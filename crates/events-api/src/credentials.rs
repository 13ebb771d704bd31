//! Clients of the service and their secrets: made, rotated and revoked, without a store.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::{ClientSecret, Credential};
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

/// How every secret begins, so that whoever finds one knows whose it is.
const SECRET_PREFIX: &str = "kit-";

const SECRET_BYTES: usize = 32;

/// Compared when there is no secret to compare with: no secret has this hash, its digits are none.
const NO_HASH: &str = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";

/// Why a credential got no second secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    #[error("two secrets are alive already; revoke one, or wait until the older one has expired")]
    TwoAlive,
    #[error("the credential is revoked; create another one")]
    Revoked,
}

/// A new client with its first secret, which is told here and never again.
pub fn create(name: impl Into<String>, now: Timestamp) -> (Credential, SecretString) {
    let (stored, secret) = new_secret(now);
    let credential = Credential {
        id: Uuid::new_v4().to_string(),
        client_id: Uuid::new_v4().simple().to_string(),
        name: name.into(),
        created: now,
        secrets: vec![stored],
        revoked: None,
    };
    (credential, secret)
}

/// The credential with secrets that come from elsewhere, in place of its own.
pub fn adopt(credential: Credential, secrets: &[SecretString]) -> Credential {
    let secrets = secrets.iter().map(|secret| stored(secret, credential.created)).collect();
    Credential { secrets, ..credential }
}

/// Gives a credential a second secret; the first counts for as long as both shall overlap. Secrets that have expired
/// are forgotten.
///
/// # Errors
/// Two are alive, or the credential is revoked: then nothing was changed.
pub fn rotate(credential: &mut Credential, now: Timestamp, overlap: Duration) -> Result<SecretString, RotateError> {
    if credential.revoked.is_some() {
        return Err(RotateError::Revoked);
    }
    let mut alive: Vec<ClientSecret> = credential.alive(now).cloned().collect();
    if alive.len() >= Credential::SECRETS_MAX {
        return Err(RotateError::TwoAlive);
    }
    let (stored, secret) = new_secret(now);
    let ends = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
    for first in &mut alive {
        first.expires = Some(first.expires.map_or(ends, |expires| expires.min(ends)));
    }
    alive.push(stored);
    credential.secrets = alive;
    Ok(secret)
}

/// Takes a secret away; says whether the credential had it.
pub fn revoke_secret(credential: &mut Credential, id: &str) -> bool {
    let before = credential.secrets.len();
    credential.secrets.retain(|secret| secret.id != id);
    credential.secrets.len() < before
}

/// Ends a credential for good, with all of its secrets and tokens; says whether it was alive.
pub fn revoke(credential: &mut Credential, now: Timestamp) -> bool {
    if credential.revoked.is_some() {
        return false;
    }
    credential.revoked = Some(now);
    credential.secrets.clear();
    true
}

/// Whether the secret is one of the credential's that count now. Without a credential the answer takes the same way.
pub(crate) fn has_secret(credential: Option<&Credential>, secret: &str, now: Timestamp) -> bool {
    let hash = hash(secret);
    let alive: Vec<&str> =
        credential.into_iter().flat_map(|known| known.alive(now)).map(|secret| secret.hash.as_str()).collect();
    let mut is_one_of_them = Choice::from(0);
    for place in 0..Credential::SECRETS_MAX {
        let other = alive.get(place).copied().unwrap_or(NO_HASH);
        is_one_of_them |= hash.as_bytes().ct_eq(other.as_bytes());
    }
    is_one_of_them.into()
}

fn new_secret(now: Timestamp) -> (ClientSecret, SecretString) {
    let text = format!("{SECRET_PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()));
    let secret = SecretString::from(text);
    (stored(&secret, now), secret)
}

fn stored(secret: &SecretString, now: Timestamp) -> ClientSecret {
    ClientSecret { id: Uuid::new_v4().to_string(), hash: hash(secret.expose_secret()), created: now, expires: None }
}

pub(crate) fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes).expect("the library ends the process before it gives no random numbers");
    bytes
}

/// SHA-256 as hex digits.
fn hash(secret: &str) -> String {
    let bytes = digest(&SHA256, secret.as_bytes());
    let digits = bytes.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + hours * 3_600).expect("a time in this century")
    }

    fn fits(credential: &Credential, secret: &SecretString, now: Timestamp) -> bool {
        has_secret(Some(credential), secret.expose_secret(), now)
    }

    #[test]
    fn a_new_credential_knows_the_hash_of_its_secret_only() {
        let (credential, secret) = create("shop", at(0));
        let (other, _) = create("shop", at(0));
        assert!(credential.client_id.len() == 32 && credential.client_id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(credential.client_id, other.client_id);
        let random = secret.expose_secret().strip_prefix("kit-").expect("the prefix");
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(random).unwrap().len(), 32);
        assert!(!format!("{credential:?}{secret:?}").contains(random));
        assert!(fits(&credential, &secret, at(0)));
        assert!(!has_secret(Some(&credential), &credential.secrets[0].hash, at(0)));
        assert!(!has_secret(None, secret.expose_secret(), at(0)));
        assert!(!has_secret(None, "", at(0)));
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn rotation_lets_two_secrets_overlap() {
        let (mut credential, first) = create("shop", at(0));
        let second = rotate(&mut credential, at(1), DAY).unwrap();
        assert!(fits(&credential, &first, at(24)) && fits(&credential, &second, at(24)));
        assert_eq!(rotate(&mut credential, at(24), DAY).unwrap_err(), RotateError::TwoAlive);
        assert!(!fits(&credential, &first, at(25)) && fits(&credential, &second, at(25)));
        let third = rotate(&mut credential, at(25), DAY).unwrap();
        assert_eq!(credential.secrets.len(), 2, "what has expired is forgotten");
        assert!(fits(&credential, &third, at(25)));
    }

    #[test]
    fn what_is_revoked_counts_no_more() {
        let (mut credential, first) = create("shop", at(0));
        let second = rotate(&mut credential, at(0), DAY).unwrap();
        let id = credential.secrets[0].id.clone();
        assert!(revoke_secret(&mut credential, &id));
        assert!(!revoke_secret(&mut credential, &id));
        assert!(!fits(&credential, &first, at(0)) && fits(&credential, &second, at(0)));
        assert!(revoke(&mut credential, at(1)));
        assert!(!revoke(&mut credential, at(2)));
        assert!(!fits(&credential, &second, at(1)));
        assert_eq!(rotate(&mut credential, at(3), DAY).unwrap_err(), RotateError::Revoked);
    }
}
