//! The secrets of the store, and what they are sealed with.

use std::sync::LazyLock;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretSlice};
use store::{OpenError, SealError, StoreError, Vault};

use crate::runtime_auth;

const SEALED: &str = "the secrets in the store cannot be opened, and nothing was changed\n  hint: `KIT_ENCRYPTION_KEY` or \
                      `KIT_ENCRYPTION_KEY_FILE` needs the key that sealed them, behind the new one: `[\"new\",\"old\"]`";

const COMPANY: &str = "the secrets in the store cannot be changed beside the kit that runs\n  hint: start that kit again, so that \
                       it has the `KIT_ENCRYPTION_KEY` of this command";

/// The values of the store that hold secrets.
static SECRETS: LazyLock<Vec<&str>> = LazyLock::new(|| [events_api::SECRETS, &[runtime_auth::NAME]].concat());

/// Seals the secrets that our own events service and `kit dev` keep; none without keys.
///
/// # Errors
/// A key cannot be used.
pub fn vault(keys: &[SecretSlice<u8>]) -> anyhow::Result<Vault> {
    let keys = keys.iter().map(ExposeSecret::expose_secret);
    Vault::new(&SECRETS, keys).context("KIT_ENCRYPTION_KEY cannot be used")
}

/// What the clients of the sandbox's events are sealed under.
const SANDBOX: &[&str] = &["sandbox/eventing"];

/// Seals for the sandbox, which knows nothing of keys.
pub struct SandboxSeal(Vault);

impl SandboxSeal {
    /// # Errors
    /// A key cannot be used.
    pub fn new(keys: &[SecretSlice<u8>]) -> anyhow::Result<Self> {
        let keys = keys.iter().map(ExposeSecret::expose_secret);
        Ok(Self(Vault::new(SANDBOX, keys).context("KIT_ENCRYPTION_KEY cannot be used")?))
    }
}

impl sandbox::Seal for SandboxSeal {
    fn seal(&self, readable: &[u8]) -> Option<Vec<u8>> {
        self.0.seal(SANDBOX[0], readable.to_vec()).ok()
    }

    fn open(&self, kept: &[u8]) -> Option<Vec<u8>> {
        self.0.open(SANDBOX[0], kept.to_vec()).ok()
    }
}

/// Why a store did not open: what to do about its seals, or else what this says.
pub fn explain(error: StoreError, otherwise: &'static str) -> anyhow::Error {
    let told = match &error {
        StoreError::Open { source: OpenError::Sealed(sealed), .. } => match sealed {
            SealError::NoKey(_) | SealError::OtherKey(_) => SEALED,
            SealError::Company(_) => COMPANY,
            SealError::Damaged(_) | SealError::Key => otherwise,
        },
        _ => otherwise,
    };
    anyhow::Error::new(error).context(told)
}
