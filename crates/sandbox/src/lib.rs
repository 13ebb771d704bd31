//! A stand-in Commerce store on loopback: the routes of its REST API that the kit calls, over a store in memory
//! that a folder may keep, a list of the calls it took, and faults on demand. With the eventing module a change of a
//! document becomes an event of those who subscribed to it. Beside it an ERP that takes what it is sent. For `dev`,
//! `demo` and tests.
//!
//! Invariant: no document of Commerce is read or changed over HTTP without the bearer token or a signature, apart from
//! what GraphQL shows to everybody, and what a call does and its row in the list of calls happen under one lock, so
//! each list has the order of the effects; the events of an effect are kept together with it, or not at all.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::routing::{any, get, post};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use subtle::ConstantTimeEq;

mod answer;
mod calls;
mod collection;
mod commerce;
mod control;
mod customers;
mod draft;
mod effect;
mod erp;
mod eventing;
mod faults;
mod graphql;
mod groups;
mod keep;
mod members;
mod oauth;
mod orders;
mod path;
mod products;
mod quantity;
mod refusals;
mod routes;
mod search;
mod seeds;
mod shipments;
mod state;
mod stock;
#[cfg(test)]
mod tests;
mod time;
mod witness;

use answer::Answer;
pub use calls::Call;
pub use eventing::{Eventing, Seal};
pub use faults::Target;
use keep::Keeper;
pub use keep::{FILES, KeepError};
pub use orders::OrderItem;
pub use refusals::Refused;
pub use witness::Effect;
use witness::Witness;

/// What a sandbox is to be.
#[derive(Clone, Default)]
pub struct Options {
    /// The bearer token that Commerce demands; with an empty one it lets nobody in by token.
    pub token: String,
    /// Whose OAuth 1.0a signatures Commerce takes, too.
    pub integration: Option<Integration>,
    /// Where the state is kept over a restart; nowhere when there is no folder.
    pub folder: Option<PathBuf>,
    /// The eventing module; a store without it knows none of its routes.
    pub eventing: Option<Eventing>,
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
const ERP_BODY_BYTES_MAX: usize = 1024 * 1024;
const CONTROL_BODY_BYTES_MAX: usize = 16 * 1024;

/// Cheap to clone; all clones share one store.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    token: String,
    verifier: oauth::Verifier,
    keeper: Arc<Keeper>,
    witness: OnceLock<Witness>,
    state: Mutex<State>,
    erp: Mutex<erp::Erp>,
    faults: Mutex<faults::Faults>,
    /// Sends the events, where there are any.
    sender: Option<eventing::Sender>,
    /// What `GET /sandbox/workspace.json` answers.
    workspace: OnceLock<SecretString>,
}

/// What a call of Commerce changes; one lock, so that effects and the list of calls have one order.
struct State {
    products: products::Products,
    customers: customers::Customers,
    groups: groups::Groups,
    orders: orders::Orders,
    shipments: shipments::Shipments,
    stock: stock::Stock,
    calls: calls::Calls,
    eventing: Option<eventing::Module>,
}

impl Sandbox {
    /// A store that demands `token` as bearer, with an empty token it lets nobody in, and that keeps nothing.
    pub fn new(token: String) -> Self {
        let keeper = Arc::new(Keeper::nowhere());
        let (state, erp) = (State::seeded(&keeper), erp::Erp::new(&keeper));
        Self::with(Options { token, ..Options::default() }, keeper, (state, erp), None)
    }

    /// A store with what its folder kept.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(mut options: Options) -> Result<Self, KeepError> {
        let keeper = match &options.folder {
            Some(folder) => Keeper::open(folder)?,
            None => Keeper::nowhere(),
        };
        let keeper = Arc::new(if options.eventing.is_some() { keeper.recording() } else { keeper });
        let (mut state, erp) = (State::load(&keeper)?, erp::Erp::load(&keeper)?);
        let mut sender = None;
        if let Some(eventing) = options.eventing.take() {
            state.eventing = Some(eventing::Module::load(eventing.seal.clone(), &keeper)?);
            sender = Some(eventing::Sender::new(eventing)?);
        }
        Ok(Self::with(options, keeper, (state, erp), sender))
    }

    fn with(
        options: Options,
        keeper: Arc<Keeper>,
        (state, erp): (State, erp::Erp),
        sender: Option<eventing::Sender>,
    ) -> Self {
        let Options { token, integration, .. } = options;
        let verifier = oauth::Verifier::new(integration);
        let (state, erp, faults) = (Mutex::new(state), Mutex::new(erp), Mutex::default());
        let (witness, workspace) = (OnceLock::new(), OnceLock::new());
        Self { shared: Arc::new(Shared { token, verifier, keeper, witness, state, erp, faults, sender, workspace }) }
    }

    /// Routes below `/sandbox`, to be merged at the server's root. It has no fallback.
    pub fn router(&self) -> Router {
        let commerce = any(commerce::answer).layer(DefaultBodyLimit::max(COMMERCE_BODY_BYTES_MAX));
        let graphql = any(graphql::answer).layer(DefaultBodyLimit::max(COMMERCE_BODY_BYTES_MAX));
        let erp = any(erp::answer).layer(DefaultBodyLimit::max(ERP_BODY_BYTES_MAX));
        let faults = post(control::add_fault)
            .delete(control::remove_faults)
            .layer(DefaultBodyLimit::max(CONTROL_BODY_BYTES_MAX));
        Router::new()
            .route("/sandbox/commerce/rest/{*path}", commerce)
            .route("/sandbox/commerce/graphql", graphql)
            .route("/sandbox/commerce/calls", get(control::calls))
            .route("/sandbox/erp/{*path}", erp)
            .route("/sandbox/erp/calls", get(control::erp_calls))
            .route("/sandbox/faults", faults)
            .route("/sandbox/events", get(control::events))
            .route("/sandbox/workspace.json", get(control::workspace))
            .with_state(self.clone())
    }

    /// Somebody who is told of every call from now on. There is one: who comes later is not told.
    pub fn witnessed_by(&self, witness: impl Fn(&Effect<'_>) + Send + Sync + 'static) {
        let _ = self.shared.witness.set(Box::new(witness));
    }

    /// Orders a fault: what `POST /sandbox/faults` takes, such as `json!({"path": "products", "status": 503})`.
    ///
    /// # Errors
    /// The fault makes no sense, or there are too many.
    pub fn add_fault(&self, fault: &Value) -> Result<(), Refused> {
        let fault = faults::Fault::parse(fault.to_string().as_bytes())?;
        self.faults().add(fault)?;
        Ok(())
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.faults().clear();
    }

    /// Adds an order with these items, invoiced and ready to be shipped, or replaces the one with this id.
    ///
    /// # Errors
    /// There are too many.
    pub fn put_order(&self, id: u64, items: &[OrderItem]) -> Result<(), Refused> {
        let mut state = self.state();
        let now = Timestamp::now();
        let put = self.shared.keeper.together(|| {
            let put = state.orders.put(orders::Order::placed(id, items, now));
            self.emit(&mut state, now);
            put
        });
        put.done?;
        Ok(())
    }

    /// Does a call of the eventing module's, such as `PUT eventing/updateConfiguration`, without HTTP and without a row
    /// in the list of calls.
    ///
    /// # Errors
    /// The module refuses, or there is none.
    pub fn manage_events(&self, method: &Method, path: &str, body: &Value) -> Result<(), Refused> {
        let body = body.to_string();
        let operation = routes::Operation { method, path, query: "", body: body.as_bytes(), now: Timestamp::now() };
        let mut state = self.state();
        self.shared.keeper.together(|| eventing::answer(state.eventing.as_mut(), &operation)).done?;
        Ok(())
    }

    /// Sends each event that waits, once and without waiting for its time.
    pub async fn send_events_now(&self) {
        if let Some(sender) = &self.shared.sender {
            sender.send(self, eventing::Which::All).await;
        }
    }

    /// Sends events for as long as it is polled, and for ever; a store without the eventing module has none.
    pub async fn send_events(self) {
        if let Some(sender) = &self.shared.sender {
            sender.run(&self).await;
        }
    }

    /// What `GET /sandbox/workspace.json` answers from now on: the Console's file of a client here.
    pub fn offer_workspace(&self, file: SecretString) {
        let _ = self.shared.workspace.set(file);
    }

    /// What `GET products/{sku}` would answer; here the SKU is plain, not percent-encoded.
    pub fn product(&self, sku: &str) -> Option<Value> {
        self.state().products.value(sku)
    }

    /// What `GET` of this path below `V1/`, percent-encoded and with its query, would answer if it finds something.
    pub fn document(&self, path: &str) -> Option<Value> {
        routes::document(&mut self.state(), path)
    }

    /// The calls that are still remembered, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        let rows = self.state().calls.rows("");
        rows.iter().map(Call::from).collect()
    }

    /// What `GET {collection}/{id}` of the ERP would answer; here both are plain, not percent-encoded.
    pub fn erp_document(&self, collection: &str, id: &str) -> Option<Value> {
        let json = self.erp().documents.get(&erp::documents::Place::of(collection, id).path)?;
        serde_json::from_slice(&json).ok()
    }

    /// The calls of the ERP that are still remembered, oldest first.
    pub fn erp_calls(&self) -> Vec<Call> {
        let rows = self.erp().calls.rows("");
        rows.iter().map(Call::from).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` for a store without the eventing module.
    fn eventing<T>(&self, act: impl FnOnce(&mut eventing::Module) -> T) -> Option<T> {
        let mut state = self.state();
        let module = state.eventing.as_mut()?;
        Some(self.shared.keeper.together(|| act(module)).done)
    }

    /// Creates the events of what the effect that runs has changed.
    fn emit(&self, state: &mut State, now: Timestamp) {
        let is_urgent = eventing::emit::emit(state, self.shared.keeper.take_changes(), now);
        if let Some(sender) = self.shared.sender.as_ref().filter(|_| is_urgent) {
            sender.hurry();
        }
    }

    async fn checked_configuration(&self) -> Answer {
        let can_connect = match &self.shared.sender {
            Some(sender) => sender.can_connect(self).await,
            None => None,
        };
        let checked = self.eventing(|module| Answer::of(StatusCode::OK, &module.checked(can_connect)));
        checked.unwrap_or_else(Answer::no_route)
    }

    fn erp(&self) -> MutexGuard<'_, erp::Erp> {
        self.shared.erp.lock().unwrap_or_else(PoisonError::into_inner)
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
