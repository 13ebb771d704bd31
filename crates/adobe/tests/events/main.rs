//! The clients of IMS against a stand-in on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod back_off;
mod ims;
mod rejected_tokens;
mod support;
