//! A stand-in Commerce store on loopback: the product routes of its REST API over a store in memory,
//! a list of the calls it took, and faults on demand. For `dev`, `demo` and tests.
//!
//! Invariant: no product is read or changed over HTTP without the bearer token or a signature, and what a call does and its
//! row in the list of calls happen under one lock, so the list has the order of the effects.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use serde_json::Value;
use subtle::ConstantTimeEq;

mod answer;
mod calls;
mod commerce;
mod control;
mod draft;
mod faults;
mod keep;
mod oauth;
mod path;
mod products;
#[cfg(test)]
mod tests;

pub use calls::Call;
pub use keep::KeepError;
use keep::Keeper;

/// What a sandbox is to be.
#[derive(Clone, Default)]
pub struct Options {
    /// The bearer token that Commerce demands; with an empty one it lets nobody in by token.
    pub token: String,
    /// Whose OAuth 1.0a signatures Commerce takes, too.
    pub integration: Option<Integration>,
    /// Where the state is kept over a restart; nowhere when there is no folder.
    pub folder: Option<PathBuf>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The credentials of an integration, as the Commerce admin shows them.
#[derive(Clone)]
pub struct Integration {
    pub consumer_key: String,
    pub consumer_secret: String,
    pub access_token: String,
    pub access_token_secret: String,
}

impl fmt::Debug for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Integration").finish_non_exhaustive()
    }
}

const COMMERCE_BODY_BYTES_MAX: usize = 1024 * 1024;
const CONTROL_BODY_BYTES_MAX: usize = 16 * 1024;

/// Cheap to clone; all clones share one store.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    token: String,
    verifier: oauth::Verifier,
    keeper: Keeper,
    state: Mutex<State>,
    faults: Mutex<faults::Faults>,
}

/// What a call changes; one lock, so that effects and the list of calls have one order.
#[derive(Default)]
struct State {
    products: products::Products,
    calls: calls::Calls,
}

impl Sandbox {
    /// A store that demands `token` as bearer, with an empty token it lets nobody in, and that keeps nothing.
    pub fn new(token: String) -> Self {
        Self::with(Options { token, ..Options::default() }, Keeper::nowhere())
    }

    /// A store with what its folder kept.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(options: Options) -> Result<Self, KeepError> {
        let keeper = match &options.folder {
            Some(folder) => Keeper::open(folder)?,
            None => Keeper::nowhere(),
        };
        Ok(Self::with(options, keeper))
    }

    fn with(options: Options, keeper: Keeper) -> Self {
        let Options { token, integration, folder: _ } = options;
        let (state, faults) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { token, verifier: oauth::Verifier::new(integration), keeper, state, faults }) }
    }

    /// Routes below `/sandbox`, to be merged at the server's root. It has no fallback.
    pub fn router(&self) -> Router {
        let commerce = any(commerce::answer).layer(DefaultBodyLimit::max(COMMERCE_BODY_BYTES_MAX));
        let faults = post(control::add_fault)
            .delete(control::remove_faults)
            .layer(DefaultBodyLimit::max(CONTROL_BODY_BYTES_MAX));
        Router::new()
            .route("/sandbox/commerce/rest/{*path}", commerce)
            .route("/sandbox/commerce/calls", get(control::calls))
            .route("/sandbox/faults", faults)
            .with_state(self.clone())
    }

    /// What `GET products/{sku}` would answer; here the SKU is plain, not percent-encoded.
    pub fn product(&self, sku: &str) -> Option<Value> {
        self.state().products.value(sku)
    }

    /// The calls that are still remembered, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        let rows = self.state().calls.rows("");
        rows.iter().map(Call::from).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, faults::Faults> {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_token(&self, given: &[u8]) -> bool {
        !self.shared.token.is_empty() && bool::from(self.shared.token.as_bytes().ct_eq(given))
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}
