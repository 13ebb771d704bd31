//! The events service over real HTTP, with a store in a temporary folder and a clock that is moved by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod access;
mod arbitrary;
mod challenge;
mod courier;
mod ingress;
mod journal;
mod receiver;
mod retries;
mod secrets;
mod signatures;
mod throttle;
mod token;
mod traces;
mod unanswered;
mod vouch;
mod world;
