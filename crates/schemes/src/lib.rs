//! The schemes by which a request proves where it comes from: signing and verifying, as pure functions over headers, raw
//! body and a given time. Nothing here opens a connection, reads a clock or a variable.
//!
//! Invariant: secrets are compared in constant time, and no secret and no signature that would have fitted is ever in a
//! text.

pub mod api_key;
pub mod basic;
pub mod client_certificate;
mod encoding;
mod header;
pub mod jwt;
mod mac;
mod message;
mod mismatch;
pub mod network;
mod scheme;
mod secrets;
pub mod signature;
pub mod standard_webhooks;
pub mod stripe;
mod window;

pub use encoding::Encoding;
pub use mac::MacKeys;
pub use message::{Message, Nonce, Proven};
pub use mismatch::Mismatch;
pub use scheme::Scheme;
pub use secrets::Secrets;
pub use window::{WINDOW_DEFAULT, Window};
