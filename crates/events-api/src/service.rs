use std::fmt;
use std::sync::Arc;

use axum::Router;
use engine::{Arrivals, Clock, Routes, RoutesHandle};
use store::{Store, StoreError};

/// Who the service is, in Adobe's terms: one organisation with one project and one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `IO_CONSUMER_ID`: the organisation in the paths of the management API.
    pub consumer_id: String,
    pub project_id: String,
    pub workspace_id: String,
    /// `OAUTH_ORG_ID`: `<24 hex digits>@AdobeOrg`.
    pub ims_org_id: String,
}

/// How the service behaves where Adobe's leaves a choice.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where clients reach the service: `http://127.0.0.1:9080`, without a slash at the end. Part of every link.
    pub base_url: String,
    /// Webhooks without TLS are taken.
    pub takes_plain_http: bool,
    /// Events that one client may publish in 5 seconds; without a number there is no limit.
    pub ingress_limit: Option<u32>,
    /// Deliveries carry `event_id` and `recipient_client_id` beside their successors `eventid` and `recipientclientid`.
    pub sends_deprecated_members: bool,
}

/// The events service. Clones share it.
#[derive(Clone)]
pub struct Service(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) identity: Identity,
    pub(crate) options: Options,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) routes: RoutesHandle,
    pub(crate) arrivals: Arc<Arrivals>,
    /// Held by whoever changes the catalogue: quotas and conflicts are looked up before a change is written.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// What the service works with.
#[derive(Clone, Debug)]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub routes: RoutesHandle,
    pub arrivals: Arc<Arrivals>,
}

impl Service {
    pub fn new(identity: Identity, options: Options, parts: Parts, clock: Arc<dyn Clock>) -> Self {
        let Parts { store, routes, arrivals } = parts;
        let turn = tokio::sync::Mutex::new(());
        Self(Arc::new(Inner { identity, options, store, clock, routes, arrivals, turn }))
    }

    /// All routes of the service, to be merged at the server's root. It has no fallback.
    pub fn router(&self) -> Router {
        Router::new().with_state(self.clone())
    }

    /// Makes a change of the catalogue count for events that arrive from now on.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        self.0.routes.set(Routes::new(self.0.store.catalogue().await?));
        Ok(())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("identity", &self.0.identity).finish_non_exhaustive()
    }
}
