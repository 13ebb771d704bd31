//! Clients of Adobe's services: the Commerce REST API and tokens of its identity service IMS, I/O Events
//! next.
//!
//! Invariant: every call has a time limit and a size limit, follows no redirect, and never puts a credential or a
//! payload into an error.

mod authorize;
mod clock;
mod commerce;
mod complaint;
mod flight;
mod ims;
mod pool;
mod retry_after;
mod settings;

pub use authorize::{Authorize, Bearer};
pub use clock::Clock;
pub use commerce::Commerce;
pub use ims::{Ims, ImsSettings, Token, TokenError};
pub use pool::{Pool, PoolError, Silence};
pub use settings::SettingsError;
