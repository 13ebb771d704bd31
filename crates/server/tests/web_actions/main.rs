//! Web actions as their callers see them, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod actions;
mod behaviour;
mod contract;
mod world;
