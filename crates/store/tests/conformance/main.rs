//! What every store promises, tested through the trait alone.
//!
//! Invariant: nothing but `place` names a store. Another store is another `Place`, another module in `for_every_store`
//! and another line in `random`.

#![expect(clippy::unwrap_used, reason = "all of it is tests; the lint only knows the functions that are marked so")]

/// Makes each of these sentences a test of every store there is.
macro_rules! for_every_store {
    ($($sentence:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $sentence() {
                    super::$sentence(&crate::place::Place::sqlite()).await;
                }
            )+
        }
    };
}

mod activations;
mod append;
mod catalogue;
mod changes;
mod claims;
mod close;
mod credentials;
mod forget;
mod history;
mod jobs;
mod journal;
mod lanes;
mod leases;
mod listings;
mod lost;
mod model;
mod once;
mod place;
mod purge;
mod random;
mod replays;
mod retention;
mod rooms;
mod support;
mod traces;
mod values;
mod wakes;
