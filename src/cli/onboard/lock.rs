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
        keep_private(folder, &[LOCK_FILE, RECORD_FILE]).context("the folder KIT_DATA cannot be used")?;
        make_private(&path).context("the folder KIT_DATA cannot be written")?;
        let file = File::options().write(true).open(&path).context("the folder KIT_DATA cannot be written")?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => bail!(
                "another onboarding of this folder is under way\n  hint: wait for its end; what it does needs not be done again"
            ),
            Err(TryLockError::Error(error)) => Err(error).context("the folder KIT_DATA cannot be locked"),
        }
    }
}
