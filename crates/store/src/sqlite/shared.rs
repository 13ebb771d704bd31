use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// What the writer tells the others, and they tell it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) work: Notify,
    pub(super) open: AtomicU64,
    pub(super) days_forgotten: AtomicU64,
    pub(super) failure: Mutex<Option<String>>,
    ordered_failure: Mutex<Option<WriteFailure>>,
}

/// How a write is to fail, for whoever has to see that nothing is lost by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFailure {
    /// The disk is full: nothing is written.
    BeforeCommit,
    /// The database cannot grow any more: SQLite itself ends the transaction at the first statement that needs a page.
    NoRoom,
    /// Everything is written, but whoever waits for it is told that it is not.
    AfterCommit,
}

impl Shared {
    pub(super) fn set_failure(&self, failure: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    pub(super) fn order_failure(&self, failure: WriteFailure) {
        *self.ordered_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    pub(super) fn take_ordered_failure(&self) -> Option<WriteFailure> {
        self.ordered_failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
