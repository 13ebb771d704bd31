//! The keys that deliveries are signed with: made, rotated and revoked, without a store (contract, section 4.4).

use std::fmt;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where the store keeps them.
pub const KEY_NAME: &str = "events-api/signing-keys";

/// Every delivery is signed with this many keys. Either is enough for a receiver, so that one can be replaced at a time.
pub const SIGNING: usize = 2;

/// A key that signs no more is still served for longer than receivers keep keys, which is a day.
const SERVED_FOR: Duration = Duration::from_hours(25);

/// Keys that sign no more and are still served.
const RETIRED_MAX: usize = 64;

const PEM_LINE: usize = 64;

/// All keys of a service that have not been forgotten.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SigningKeys {
    /// Oldest first; the first makes signature 1.
    signing: Vec<SigningKey>,
    retired: Vec<RetiredKey>,
}

/// A key that signs.
#[derive(Clone, Deserialize, Serialize)]
pub struct SigningKey {
    pub id: Uuid,
    pub created: Timestamp,
    /// PKCS #8 in base64.
    private: String,
}

/// The public half of a key that signs no more.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RetiredKey {
    pub id: Uuid,
    pub created: Timestamp,
    pub served_until: Timestamp,
    pub(crate) pem: String,
}

/// Why keys were not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("no key could be made")]
    Generate,
    #[error("{RETIRED_MAX} keys that sign no more are still served; wait until the oldest has had its 25 hours")]
    TooMany,
    #[error("there is no such key")]
    Unknown,
    #[error("the signing keys in the store are damaged")]
    Damaged,
}

impl SigningKeys {
    /// Makes both keys, which takes some tenths of a second of work.
    ///
    /// # Errors
    /// The library made none.
    pub fn make(now: Timestamp) -> Result<Self, KeysError> {
        let signing = (0..SIGNING).map(|_| SigningKey::make(now)).collect::<Result<_, _>>()?;
        Ok(Self { signing, retired: Vec::new() })
    }

    /// Reads what the store has.
    ///
    /// # Errors
    /// It was written by somebody else.
    pub fn read(bytes: &[u8]) -> Result<Self, KeysError> {
        let keys: Self = serde_json::from_slice(bytes).map_err(|_| KeysError::Damaged)?;
        if keys.signing.len() == SIGNING { Ok(keys) } else { Err(KeysError::Damaged) }
    }

    /// As the store keeps them.
    ///
    /// # Errors
    /// Never in practice: texts and times can be written.
    pub fn bytes(&self) -> Result<Vec<u8>, KeysError> {
        serde_json::to_vec(self).map_err(|_| KeysError::Damaged)
    }

    /// Puts a new key in the place of the older one, which is served a while longer. Returns the new one's id.
    ///
    /// # Errors
    /// No key could be made, or too many are still served: then nothing was changed.
    pub fn rotate(&mut self, now: Timestamp) -> Result<Uuid, KeysError> {
        self.retired.retain(|key| now < key.served_until);
        if self.retired.len() >= RETIRED_MAX {
            return Err(KeysError::TooMany);
        }
        let new = SigningKey::make(now)?;
        let id = new.id;
        let pem = self.signing[0].pem()?;
        let old = self.signing.remove(0);
        self.signing.push(new);
        let served_until = now.saturating_add(SERVED_FOR).unwrap_or(Timestamp::MAX);
        self.retired.push(RetiredKey { id: old.id, created: old.created, served_until, pem });
        Ok(id)
    }

    /// Takes a key away at once: it signs no more and is served no more. Returns the id of the new key that signs in its
    /// place, when it was one that signs.
    ///
    /// # Errors
    /// No such key is known, or none could be made: then nothing was changed.
    pub fn revoke(&mut self, id: Uuid, now: Timestamp) -> Result<Option<Uuid>, KeysError> {
        if let Some(place) = self.signing.iter().position(|key| key.id == id) {
            let new = SigningKey::make(now)?;
            let new_id = new.id;
            self.signing.remove(place);
            self.signing.push(new);
            return Ok(Some(new_id));
        }
        let before = self.retired.len();
        self.retired.retain(|key| key.id != id);
        if self.retired.len() < before { Ok(None) } else { Err(KeysError::Unknown) }
    }

    /// Those that sign, the one of signature 1 first.
    pub fn signing(&self) -> &[SigningKey] {
        &self.signing
    }

    /// Those that sign no more and are still served.
    pub fn retired(&self, now: Timestamp) -> impl Iterator<Item = &RetiredKey> {
        self.retired.iter().filter(move |key| now < key.served_until)
    }
}

impl SigningKey {
    fn make(now: Timestamp) -> Result<Self, KeysError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeysError::Generate)?;
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeysError::Generate)?;
        Ok(Self { id: Uuid::new_v4(), created: now, private: BASE64_STANDARD.encode(private.as_ref()) })
    }

    pub(crate) fn pair(&self) -> Result<RsaKeyPair, KeysError> {
        let der = BASE64_STANDARD.decode(&self.private).map_err(|_| KeysError::Damaged)?;
        RsaKeyPair::from_pkcs8(&der).map_err(|_| KeysError::Damaged)
    }

    fn pem(&self) -> Result<String, KeysError> {
        pem(&self.pair()?)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a receiver finds the public half of a key, at the address of the service.
pub fn path(id: Uuid) -> String {
    format!("/prod/keys/pub-key-{id}.pem")
}

/// The key that a path's last segment names.
pub(crate) fn named(file: &str) -> Option<Uuid> {
    let name = file.strip_prefix("pub-key-")?.strip_suffix(".pem")?;
    let id = Uuid::try_parse(name).ok()?;
    // One key has one path.
    (id.to_string() == name).then_some(id)
}

/// The public half as a `SubjectPublicKeyInfo` in PEM (RFC 7468, section 13).
pub(crate) fn pem(pair: &RsaKeyPair) -> Result<String, KeysError> {
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeysError::Damaged)?;
    let encoded = BASE64_STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + hours * 3_600).expect("a time in this century")
    }

    fn signing(keys: &SigningKeys) -> Vec<Uuid> {
        keys.signing().iter().map(|key| key.id).collect()
    }

    fn retired(keys: &SigningKeys, hours: i64) -> Vec<Uuid> {
        keys.retired(at(hours)).map(|key| key.id).collect()
    }

    #[test]
    fn the_older_key_is_replaced_and_served_for_25_hours() {
        let mut keys = SigningKeys::make(at(0)).unwrap();
        let [first, second] = signing(&keys)[..] else { panic!("two keys") };
        let pem = keys.signing()[0].pem().unwrap();
        let third = keys.rotate(at(1)).unwrap();
        assert_eq!(signing(&keys), [second, third]);
        assert_eq!((retired(&keys, 25), retired(&keys, 26)), (vec![first], vec![]));
        assert_eq!(keys.retired(at(1)).next().unwrap().pem, pem);
        let read = SigningKeys::read(&keys.bytes().unwrap()).unwrap();
        assert_eq!((signing(&read), retired(&read, 1)), (signing(&keys), retired(&keys, 1)));
        keys.rotate(at(27)).unwrap();
        assert_eq!(retired(&keys, 1), [second], "what has had its time is forgotten");
    }

    #[test]
    fn a_revoked_key_is_gone_and_another_signs_in_its_place() {
        let mut keys = SigningKeys::make(at(0)).unwrap();
        let [first, second] = signing(&keys)[..] else { panic!("two keys") };
        let third = keys.revoke(second, at(1)).unwrap().unwrap();
        assert_eq!((signing(&keys), retired(&keys, 1)), (vec![first, third], vec![]));
        assert_eq!(keys.revoke(second, at(1)), Err(KeysError::Unknown));
        keys.rotate(at(2)).unwrap();
        assert_eq!(keys.revoke(first, at(2)), Ok(None));
        assert!(retired(&keys, 2).is_empty());
    }

    #[test]
    fn what_was_rotated_too_often_waits() {
        let mut keys = SigningKeys::make(at(0)).unwrap();
        let old = RetiredKey { id: Uuid::new_v4(), created: at(0), served_until: at(25), pem: String::new() };
        keys.retired = vec![old; RETIRED_MAX];
        let before = signing(&keys);
        assert_eq!(keys.rotate(at(1)), Err(KeysError::TooMany));
        assert_eq!(signing(&keys), before);
        keys.rotate(at(25)).unwrap();
    }

    #[test]
    fn a_private_half_is_not_told_and_damage_is_noticed() {
        let keys = SigningKeys::make(at(0)).unwrap();
        assert!(!format!("{keys:?}").contains(&keys.signing[0].private));
        for bytes in [&b""[..], b"{}", br#"{"signing":[],"retired":[]}"#] {
            assert_eq!(SigningKeys::read(bytes).unwrap_err(), KeysError::Damaged);
        }
    }

    #[test]
    fn a_key_has_one_path() {
        let id = Uuid::new_v4();
        let path = path(id);
        assert_eq!(named(path.strip_prefix("/prod/keys/").unwrap()), Some(id));
        let (plain, shouted) = (id.simple(), id.to_string().to_uppercase());
        for file in ["", "pub-key-.pem", "x.pem", &format!("pub-key-{plain}.pem"), &format!("pub-key-{shouted}.pem")] {
            assert_eq!(named(file), None, "{file}");
        }
    }
}
