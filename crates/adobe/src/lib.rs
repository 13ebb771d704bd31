//! Clients of Adobe's services: the Commerce REST API now, I/O Events and its tokens next.
//!
//! Invariant: every call has a time limit and a size limit, follows no redirect, and never puts a credential or a
//! payload into an error.

mod authorize;
mod commerce;
mod complaint;
mod pool;
mod retry_after;

pub use authorize::{Authorize, Bearer};
pub use commerce::Commerce;
pub use pool::{Pool, PoolError};
