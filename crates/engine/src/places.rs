//! How many runs of an action are under way that callers asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::NotStarted;

/// Counts the runs of one action. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<AtomicUsize>);

impl Places {
    /// A place for one more run, unless so many are taken.
    pub(crate) fn take(&self, allowed: usize) -> Result<Place, NotStarted> {
        let taken = self
            .0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |running| (running < allowed).then_some(running + 1));
        match taken {
            Ok(_) => Ok(Place(Arc::clone(&self.0))),
            Err(running) => Err(NotStarted::Busy { running, allowed }),
        }
    }
}

/// The place of a run; free again when it is dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_run_is_over() {
        let places = Places::default();
        let (first, _second) = (places.take(2).unwrap(), places.take(2).unwrap());
        assert_eq!(places.take(2).unwrap_err(), NotStarted::Busy { running: 2, allowed: 2 });
        drop(first);
        assert!(places.take(2).is_ok());
    }
}
