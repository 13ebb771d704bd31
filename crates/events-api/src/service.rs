use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use egress::Gate;
use engine::{Arrivals, Clock, Enabler, RoutesHandle};
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use server::BodyRules;
use store::{Store, StoreError, Verification};
use uuid::Uuid;

use crate::access::Access;
use crate::courier::Courier;
use crate::jwt::TokenKey;
use crate::problem::{Problem, REQUEST_ID};
use crate::rate::Windows;
use crate::signer::Signer;
use crate::validations::Validations;
use crate::{challenge, ingress, journal, management, outbound, signer, token, traces, vouch};

/// Failed attempts at a token are counted within this time.
const FAILURES_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// Published events are counted within this time.
const PUBLISHED_WITHIN: SignedDuration = SignedDuration::from_secs(5);

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
    /// Where webhooks may lead.
    pub egress: Gate,
    /// How bodies are read.
    pub bodies: BodyRules,
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
    pub(crate) access: Access,
    pub(crate) token_failures: Windows,
    pub(crate) published: Windows,
    pub(crate) validations: Validations,
    pub(crate) signer: Signer,
    /// For requests to webhooks.
    pub(crate) client: reqwest::Client,
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

/// Why the service cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot read or make the key that signs access tokens")]
    Key(#[source] StoreError),
    #[error("cannot set up the HTTP client for webhooks")]
    Client(#[source] reqwest::Error),
}

impl Service {
    /// Begins with the key that signs tokens, which is made when the store has none.
    ///
    /// # Errors
    /// The store cannot be read or written, or there is no usable TLS.
    pub async fn open(
        identity: Identity,
        options: Options,
        parts: Parts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let Parts { store, routes, arrivals } = parts;
        let client = outbound::client(&options.egress).map_err(OpenError::Client)?;
        let key = TokenKey::load(&*store, clock.now()).await.map_err(OpenError::Key)?;
        Ok(Self(Arc::new(Inner {
            identity,
            options,
            store,
            clock,
            routes,
            arrivals,
            access: Access::new(key),
            token_failures: Windows::new(FAILURES_WITHIN),
            published: Windows::new(PUBLISHED_WITHIN),
            validations: Validations::default(),
            signer: Signer::new(),
            client,
            turn: tokio::sync::Mutex::new(()),
        })))
    }

    /// All routes of the service, to be merged at the server's root. It has no fallback.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(token::routes())
            .merge(vouch::routes())
            .merge(challenge::routes())
            .merge(ingress::routes())
            .merge(journal::routes())
            .merge(traces::routes())
            .merge(signer::routes())
            .merge(management::routes())
            .method_not_allowed_fallback(method_not_allowed)
            .layer(map_response(with_request_id))
            .with_state(self.clone())
    }

    /// Who the service is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// What carries events to the webhooks of registrations.
    pub fn courier(&self) -> Courier {
        Courier::new(self.clone())
    }

    /// Asks a webhook whether it wants events of this client: for whoever registers without the management API.
    ///
    /// # Errors
    /// Why the webhook cannot be taken, in words for its owner.
    pub async fn verify_webhook(&self, url: &str, client_id: &str) -> Result<Verification, String> {
        challenge::verify(self, url, client_id).await
    }

    /// Makes a change of the catalogue count for events that arrive from now on.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        self.0.routes.refresh(&*self.0.store).await?;
        let fetched = challenge::fetched(self);
        if fetched.is_empty() {
            return Ok(());
        }
        for registration in fetched {
            self.0.store.put_registration(challenge::verified(registration)).await?;
        }
        self.0.routes.refresh(&*self.0.store).await
    }
}

#[async_trait]
impl Enabler for Service {
    /// However it came to be switched off. The owner of its webhook has to show first that events are wanted there.
    async fn enable(&self, registration_id: &str) -> Result<(), String> {
        management::enable(self, registration_id).await
    }
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
}

/// Refusals name their request already, also in their text.
async fn with_request_id(mut response: Response) -> Response {
    if !response.headers().contains_key(REQUEST_ID)
        && let Ok(id) = HeaderValue::try_from(Uuid::new_v4().to_string())
    {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("identity", &self.0.identity).finish_non_exhaustive()
    }
}
