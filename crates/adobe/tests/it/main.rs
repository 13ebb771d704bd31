//! The clients against a stand-in on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod back_off;
mod ims;
mod issuer;
mod journal;
mod lost_connections;
mod management;
mod publish;
mod rejected_tokens;
mod sender;
mod support;
mod targets;
mod token_check;
