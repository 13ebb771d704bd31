//! One onboarding at a time, of one folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, bail};
use onboarding::RECORD_FILE;
use store::{keep_private, make_private};

const LOCK_FILE: &str = "onboarding.lock";

/// Held until it is dropped, or the process ends.
pub struct Lock(#[expect(dead_code, reason = "the lock goes with the file")] File);

impl Lock {
    /// Makes the folder if there is none.
    ///
    /// # Errors
    /// Another onboarding has the folder, or it cannot be written.
    pub fn take(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(LOCK_FILE);
        let unusable = || {
            let folder = folder.display();
            format!(
                "the folder {folder} cannot be used; KIT_DATA sets it: a folder of its own, in a place that you can write"
            )
        };
        keep_private(folder, &[LOCK_FILE, RECORD_FILE]).with_context(unusable)?;
        make_private(&path).with_context(unusable)?;
        let file = File::options().write(true).open(&path).with_context(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "another onboarding of this folder is under way\n  hint: wait for its end; what it does needs not be done again"
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(unusable),
        }
    }
}
