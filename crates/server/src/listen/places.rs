//! A number of places, counted without a lock.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    taken: AtomicUsize,
}

/// One place, given back with it.
#[derive(Debug)]
pub(super) struct Place<P: Deref<Target = Places>>(P);

impl Places {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: AtomicUsize::new(0) }
    }

    /// A place, when one is free.
    pub(super) fn take<P: Deref<Target = Self>>(places: P) -> Option<Place<P>> {
        let before = places.taken.fetch_add(1, Ordering::Relaxed);
        let place = Place(places);
        (before < place.0.max).then_some(place)
    }

    pub(super) fn is_unused(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == 0
    }
}

impl<P: Deref<Target = Places>> Drop for Place<P> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_places_as_were_said_and_each_comes_back() {
        let places = Places::new(2);
        let first = Places::take(&places);
        let second = Places::take(&places);
        assert!(first.is_some() && second.is_some());
        assert!(Places::take(&places).is_none());
        drop(first);
        assert!(Places::take(&places).is_some(), "what was refused took nothing");
        drop(second);
        assert!(places.is_unused());
    }
}
