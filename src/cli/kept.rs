use std::path::Path;

use anyhow::bail;
use jiff::Timestamp;
use store::{Beside, Reader, Vault};

use crate::vault::explain;

/// Somebody else's change comes in between at most this often.
const TURNS_MAX: usize = 64;

/// One value of the store that commands read and change, also several of them at once and beside a running kit.
pub struct Kept {
    pub key: &'static str,
    pub now: Timestamp,
    store: Beside,
    reader: Reader,
}

impl Kept {
    /// # Errors
    /// The folder cannot be written to, or its seals cannot be opened.
    pub fn open(folder: &Path, key: &'static str, vault: Vault) -> anyhow::Result<Self> {
        let store = Beside::open_with(folder, vault.clone());
        let store = store.map_err(|error| explain(error, "the secrets of the events service cannot be used"))?;
        Ok(Self { key, now: Timestamp::now(), store, reader: Reader::open_with(folder, vault)? })
    }

    /// None: nothing has been kept yet.
    pub fn read(&self) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.reader.value(self.key, self.now)?)
    }

    /// Puts what `change` makes of the value in its place. When another command has changed it meanwhile, `change` begins
    /// again with what that one made. `first` is the value where there is none.
    ///
    /// # Errors
    /// What `first` and `change` say: then nothing was changed.
    pub fn change<T>(
        &self,
        first: impl Fn() -> anyhow::Result<Vec<u8>>,
        change: impl Fn(&[u8]) -> anyhow::Result<(Vec<u8>, T)>,
    ) -> anyhow::Result<T> {
        for _ in 0..TURNS_MAX {
            let Some(before) = self.read()? else {
                self.store.reserve(self.key, &first()?, self.now, Timestamp::MAX)?;
                continue;
            };
            let (after, told) = change(&before)?;
            if self.store.replace_value(self.key, &before, &after)? {
                return Ok(told);
            }
        }
        bail!("nothing was changed: others change the same all the time\n  hint: run the command again");
    }
}
