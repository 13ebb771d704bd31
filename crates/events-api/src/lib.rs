//! Our own events service, compatible on the wire with Adobe I/O Events: tokens, ingress, management, journals,
//! tracing, and deliveries to webhooks. A team can run it in place of Adobe's.
//!
//! Invariant: nothing is read or changed without a valid token of a credential that is alive, no secret is logged or told
//! twice, and none is stored but those of [`SECRETS`].

mod access;
mod challenge;
mod content_type;
mod courier;
pub mod credentials;
mod delivered;
mod ingress;
mod integration;
mod journal;
mod jwt;
mod management;
mod outbound;
mod problem;
mod rate;
mod recent;
mod runs;
mod service;
mod signer;
pub mod signing_keys;
mod token;
mod traces;
mod validations;
mod vouch;
pub mod webhook_secrets;

pub use courier::Courier;
pub use journal::{number as journal_number, position as journal_position};
pub use service::{Identity, OpenError, Options, Parts, Service};
pub use vouch::Doubt;

/// The values of the store that hold secrets: whoever opens the store has them sealed.
pub const SECRETS: &[&str] = &[jwt::KEY_NAME, signing_keys::KEY_NAME, webhook_secrets::KEY_NAME];
