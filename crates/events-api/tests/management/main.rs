//! The management API as its clients see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod changes;
mod filters;
mod frame;
mod health;
mod metadata;
mod paging;
mod providers;
mod random;
mod registrations;
mod samples;
mod table;
mod webhook;
mod world;
