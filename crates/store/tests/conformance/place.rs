use std::sync::Arc;
use std::time::Duration;

use store::{Options, Sqlite, Store};
use tempfile::TempDir;

/// How long every store under test remembers a uid.
pub const WINDOW: Duration = Duration::from_hours(48);

const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Where a store lives: a test opens it there, and opens it again.
pub enum Place {
    Sqlite(TempDir),
}

impl Place {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("the system has a folder for temporary files"))
    }

    #[expect(clippy::unused_async, reason = "a store on another machine is waited for")]
    pub async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(folder) => {
                let options = Options {
                    dedupe_window: WINDOW,
                    bytes_max: BYTES_MAX,
                    ..Options::in_folder(folder.path().join("data"))
                };
                Arc::new(Sqlite::open(&options).expect("nobody else uses the test's own folder"))
            }
        }
    }

    /// What a restart of the program does. The test holds no other handle to the store.
    pub async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await;
        drop(store);
        self.open().await
    }
}
