//! Lists of those who wait until something has ended.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Who waits for what. Clones share the list; each waiter leaves a note for whoever works at it.
pub(crate) struct Waits<K, N, E>(Arc<Mutex<List<K, N, E>>>);

type List<K, N, E> = HashMap<K, Vec<Waiter<N, E>>>;

struct Waiter<N, E> {
    note: N,
    end: oneshot::Sender<E>,
}

impl<K, N, E> Clone for Waits<K, N, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, N, E> Default for Waits<K, N, E> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, N, E> fmt::Debug for Waits<K, N, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Waits").field("waiting", &self.lock().len()).finish()
    }
}

impl<K, N, E> Waits<K, N, E> {
    fn lock(&self) -> MutexGuard<'_, List<K, N, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many things have somebody who waits for them.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// Lets all who wait go: nobody will tell them.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }
}

impl<K: Copy + Eq + Hash, N: Clone, E: Clone> Waits<K, N, E> {
    /// A place in the list; take it before what is waited for can end.
    pub(crate) fn wait_for(&self, key: K, note: N) -> Waiting<K, N, E> {
        let (sender, end) = oneshot::channel();
        self.lock().entry(key).or_default().push(Waiter { note, end: sender });
        Waiting { waits: self.clone(), key, end }
    }

    /// What the last who came left.
    pub(crate) fn newest_note(&self, key: K) -> Option<N> {
        self.lock().get(&key)?.last().map(|waiter| waiter.note.clone())
    }

    /// Tells all who wait, and takes them off the list.
    pub(crate) fn tell(&self, key: K, end: impl FnOnce() -> E) {
        let Some(waiting) = self.lock().remove(&key) else { return };
        let end = end();
        for waiter in waiting {
            // Whoever gave up meanwhile does not listen.
            let _ = waiter.end.send(end.clone());
        }
    }
}

/// A place in the list, given back when it is dropped.
pub(crate) struct Waiting<K: Eq + Hash, N, E> {
    waits: Waits<K, N, E>,
    key: K,
    end: oneshot::Receiver<E>,
}

impl<K: Eq + Hash, N, E> Waiting<K, N, E> {
    /// `None` when nobody will tell any more.
    pub(crate) async fn end(&mut self) -> Option<E> {
        (&mut self.end).await.ok()
    }
}

impl<K: Eq + Hash, N, E> Drop for Waiting<K, N, E> {
    fn drop(&mut self) {
        self.end.close();
        let mut waiting = self.waits.lock();
        if let Some(waiters) = waiting.get_mut(&self.key) {
            waiters.retain(|waiter| !waiter.end.is_closed());
            if waiters.is_empty() {
                waiting.remove(&self.key);
            }
        }
    }
}
