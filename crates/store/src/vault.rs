//! Seals the values that must not be readable in the files of a store, without a store.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};

/// How every sealed value begins. Values that are not sealed are JSON or random bytes.
const MAGIC: &[u8; 12] = b"kit-sealed-1";

const KEY_ID_BYTES: usize = 8;

/// Which values are sealed, and what with. Without keys they stay readable.
#[derive(Clone, Default)]
pub struct Vault {
    names: &'static [&'static str],
    keys: Arc<[Key]>,
}

/// Why a value was neither sealed nor opened. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("`{0}` is sealed, and no key was given")]
    NoKey(&'static str),
    #[error("`{0}` is sealed with a key that is none of those given")]
    OtherKey(&'static str),
    #[error("`{0}` is sealed and damaged: whoever changed it did not have the key")]
    Damaged(&'static str),
    #[error("`{0}` is not kept as it is with the newest key that was given, and the kit that runs has others")]
    Company(&'static str),
    #[error("a key cannot be used")]
    Key,
}

struct Key {
    /// What sealed values name it by: a part of its hash.
    id: [u8; KEY_ID_BYTES],
    key: RandomizedNonceKey,
}

impl Vault {
    /// Seals the values of these names with the first key, of 32 bytes as all are; each of the others still opens what it has sealed.
    ///
    /// # Errors
    /// A key cannot be used.
    pub fn new<'a>(
        names: &'static [&'static str],
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, SealError> {
        let keys = keys.into_iter().map(Key::new).collect::<Result<_, _>>()?;
        Ok(Self { names, keys })
    }

    pub(crate) fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// As the store keeps this value.
    ///
    /// # Errors
    /// The key cannot be used.
    pub fn seal(&self, name: &str, value: Vec<u8>) -> Result<Vec<u8>, SealError> {
        match (self.own(name), self.keys.first()) {
            (Some(name), Some(key)) => key.seal(name, value),
            (Some(_) | None, _) => Ok(value),
        }
    }

    /// The value that the store keeps so.
    ///
    /// # Errors
    /// It is sealed with no key of this vault, or damaged.
    pub fn open(&self, name: &str, stored: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let (Some(name), Some(sealed)) = (self.own(name), Sealed::of(&stored)) else { return Ok(stored) };
        let key = self.keys.iter().find(|key| key.id == sealed.key_id);
        match key {
            Some(key) => key.open(name, &sealed),
            None if self.keys.is_empty() => Err(SealError::NoKey(name)),
            None => Err(SealError::OtherKey(name)),
        }
    }

    /// What the store should keep in the place of this; none when it is as it should be.
    pub(crate) fn renew(&self, name: &str, stored: Vec<u8>) -> Result<Option<Vec<u8>>, SealError> {
        let key_id = Sealed::of(&stored).map(|sealed| sealed.key_id);
        let newest = self.keys.first().filter(|_| self.own(name).is_some()).map(|key| key.id);
        let value = self.open(name, stored)?;
        if key_id == newest { Ok(None) } else { self.seal(name, value).map(Some) }
    }

    fn own(&self, name: &str) -> Option<&'static str> {
        self.names.iter().copied().find(|own| *own == name)
    }
}

impl Key {
    fn new(bytes: &[u8]) -> Result<Self, SealError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::Key)?;
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest(&SHA256, bytes).as_ref()[..KEY_ID_BYTES]);
        Ok(Self { id, key })
    }

    fn seal(&self, name: &str, mut value: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let nonce = self.key.seal_in_place_append_tag(about(self.id, name), &mut value).map_err(|_| SealError::Key)?;
        Ok([MAGIC, self.id.as_slice(), nonce.as_ref(), &value].concat())
    }

    fn open(&self, name: &'static str, sealed: &Sealed<'_>) -> Result<Vec<u8>, SealError> {
        let mut value = sealed.rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let opened = self.key.open_in_place(nonce, about(self.id, name), &mut value);
        let length = opened.map_err(|_| SealError::Damaged(name))?.len();
        value.truncate(length);
        Ok(value)
    }
}

/// Goes into the seal, so that no value can be put in the place of another.
fn about(key_id: [u8; KEY_ID_BYTES], name: &str) -> Aad<Vec<u8>> {
    Aad::from([MAGIC, key_id.as_slice(), name.as_bytes()].concat())
}

/// The parts of a sealed value.
struct Sealed<'a> {
    key_id: [u8; KEY_ID_BYTES],
    nonce: [u8; NONCE_LEN],
    /// The value and its tag.
    rest: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// None: the value is readable. One that breaks off has no key.
    fn of(stored: &'a [u8]) -> Option<Self> {
        let sealed = stored.strip_prefix(MAGIC)?;
        let mut parts = Self { key_id: [0; KEY_ID_BYTES], nonce: [0; NONCE_LEN], rest: &[] };
        if let Some((key_id, rest)) = sealed.split_first_chunk()
            && let Some((nonce, rest)) = rest.split_first_chunk()
        {
            parts = Self { key_id: *key_id, nonce: *nonce, rest };
        }
        Some(parts)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").field("names", &self.names).field("keys", &self.keys.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: &[&str] = &["a", "b"];

    fn vault(keys: &[u8]) -> Vault {
        let keys: Vec<[u8; 32]> = keys.iter().map(|key| [*key; 32]).collect();
        Vault::new(NAMES, keys.iter().map(<[u8; 32]>::as_slice)).unwrap()
    }

    #[test]
    fn each_key_opens_what_it_has_sealed_and_the_first_seals() {
        let old = vault(&[1]).seal("a", b"value".to_vec()).unwrap();
        assert_eq!(vault(&[2, 1]).open("a", old.clone()).unwrap(), b"value");
        let new = vault(&[2, 1]).renew("a", old.clone()).unwrap().unwrap();
        assert_eq!(vault(&[2]).open("a", new.clone()).unwrap(), b"value");
        assert_eq!(vault(&[2, 1]).renew("a", new.clone()).unwrap(), None);
        assert_eq!(vault(&[2]).open("a", old.clone()), Err(SealError::OtherKey("a")));
        assert_eq!(vault(&[2]).renew("a", old.clone()), Err(SealError::OtherKey("a")));
        assert_eq!(vault(&[]).open("a", old.clone()), Err(SealError::NoKey("a")));
        assert_eq!(vault(&[]).renew("a", old.clone()), Err(SealError::NoKey("a")));
        assert_eq!(vault(&[1]).open("b", old), Err(SealError::Damaged("b")), "its name belongs to it");
    }

    #[test]
    fn what_is_readable_is_sealed_when_there_is_a_key() {
        assert_eq!(vault(&[]).renew("a", b"{}".to_vec()).unwrap(), None);
        assert_eq!(vault(&[1]).open("a", b"{}".to_vec()).unwrap(), b"{}");
        let sealed = vault(&[1]).renew("a", b"{}".to_vec()).unwrap().unwrap();
        assert_eq!(vault(&[1]).open("a", sealed).unwrap(), b"{}");
        assert_eq!(vault(&[1]).seal("other", b"{}".to_vec()).unwrap(), b"{}", "its name is none of those");
        assert_eq!(vault(&[1]).renew("other", b"{}".to_vec()).unwrap(), None);
    }

    #[test]
    fn a_vault_tells_no_key() {
        assert_eq!(format!("{:?}", vault(&[1, 2])), r#"Vault { names: ["a", "b"], keys: 2 }"#);
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_opened_and_does_not_show(value in proptest::collection::vec(any::<u8>(), 8..300)) {
            let sealed = vault(&[1]).seal("a", value.clone()).unwrap();
            prop_assert!(!sealed.windows(8).any(|part| part == &value[..8]));
            prop_assert_ne!(&sealed, &vault(&[1]).seal("a", value.clone()).unwrap());
            prop_assert_eq!(vault(&[1]).open("a", sealed).unwrap(), value);
        }

        #[test]
        fn a_change_anywhere_is_noticed(value: Vec<u8>, at: prop::sample::Index, bit in 0..8) {
            let mut sealed = vault(&[1]).seal("a", value).unwrap();
            let at = MAGIC.len() + at.index(sealed.len() - MAGIC.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert!(vault(&[1]).open("a", sealed.clone()).is_err());
            sealed.truncate(at);
            prop_assert!(vault(&[1]).open("a", sealed).is_err());
        }

        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            prop_assert_eq!(vault(&[1]).open("a", bytes.clone()).unwrap(), bytes.clone());
            prop_assert!(vault(&[1]).open("a", [MAGIC.as_slice(), &bytes].concat()).is_err());
        }
    }
}
