//! Where outgoing calls may go: to public addresses, and to those that somebody allowed by name. Addresses that strangers can
//! influence - of webhooks, keys, tokens' issuers - lead nowhere else.
//!
//! Invariant: the address that was looked at is the one that is connected to.

mod allowance;
mod gate;
mod kind;
mod resolver;
mod tls;

pub use allowance::{Allowance, NotAnAllowance};
pub use gate::{Gate, Refused};
pub use kind::{Kind, kind};
pub use resolver::{Found, Lookup, SystemLookup};
pub use tls::failed_at_tls;
