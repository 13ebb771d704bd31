use std::path::PathBuf;

use crate::SealError;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// More is waiting to be written than the queue holds.
    #[error("the store has more to write than it can queue")]
    Busy,
    /// More deliveries are open than may be.
    #[error("too many deliveries are waiting")]
    Backlog,
    /// The size limit is reached; what is stored is still delivered.
    #[error("the store has reached its size limit")]
    Full,
    /// The disk or the database failed; the store tries to recover by itself.
    #[error("the store cannot write now")]
    Unavailable,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Refused for its own sake; nothing was written.
    #[error("another entry has that name already")]
    Taken,
    #[error("cannot read from the store")]
    Read(#[source] rusqlite::Error),
    #[error("a stored {0} cannot be understood")]
    Damaged(&'static str),
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("cannot open the store at {}", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: OpenError,
    },
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another process has it open")]
    Locked,
    #[error("it was written by a newer version (schema {found}, this program knows up to {known})")]
    Newer { found: i64, known: i64 },
    #[error(
        "an older version wrote it (schema {found}, this program knows {known}); a kit that starts brings it up to date"
    )]
    Older { found: i64, known: i64 },
    #[error(
        "{} is damaged: {what}; stop all that uses it and keep a copy of the folder, then restore the folder from a backup, \
         or save what can be read with `sqlite3 kit.db .recover | sqlite3 saved.db`; to begin anew, remove the folder",
        file.display()
    )]
    Damaged { file: PathBuf, what: String },
    #[error(
        "others can use {} (mode {mode:o}), and it is not this store's to change; have its owner run `chmod go-rwx` on it, or \
         take a folder of its own for the store",
        path.display()
    )]
    Exposed {
        path: PathBuf,
        mode: u32,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("the file system refused")]
    File(#[from] std::io::Error),
    #[error("the database refused")]
    Database(#[from] rusqlite::Error),
}
