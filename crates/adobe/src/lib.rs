//! Clients of Adobe's services: the Commerce REST API, tokens of its identity service IMS, and I/O Events.
//!
//! Invariant: every call has a time limit and a size limit, follows no redirect, and never puts a credential or a
//! payload into an error.

mod authorize;
mod clock;
mod commerce;
mod complaint;
mod events;
mod flight;
mod ims;
mod pool;
mod retry_after;
mod settings;

pub use authorize::{Authorize, Bearer};
pub use clock::Clock;
pub use commerce::Commerce;
pub use events::{EventsApi, EventsApiError, EventsSettings, JournalEntry, JournalError, JournalPage, Sent};
pub use ims::{Ims, ImsSettings, Token, TokenError};
pub use pool::{Pool, PoolError, Silence};
pub use settings::SettingsError;
