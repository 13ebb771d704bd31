use std::path::PathBuf;
use std::time::Duration;

use crate::Vault;

/// How the embedded store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder; made when it is missing, for its owner only.
    pub folder: PathBuf,
    /// How long a uid is remembered.
    pub dedupe_window: Duration,
    /// The memory for them. When it is full the oldest are known no longer.
    pub uids_bytes_max: u64,
    /// Beyond this many open deliveries no event is taken in.
    pub open_max: u64,
    /// Above this size of the database no event is taken in; what is stored is still delivered.
    pub bytes_max: u64,
    /// Which values are sealed.
    pub vault: Vault,
}

impl Options {
    /// What suits most: eight days of uids in 256 MiB, five million open deliveries, 32 GiB; nothing is sealed.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder,
            dedupe_window: Duration::from_hours(8 * 24),
            uids_bytes_max: 256 << 20,
            open_max: 5_000_000,
            bytes_max: 32 << 30,
            vault: Vault::default(),
        }
    }
}
