//! How events travel: through our own events service in this process, or through an events API elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use adobe::{
    EventsApi, EventsSender, EventsSenderSettings, EventsSettings, Ims, ImsSettings, Management, Pool, Transport,
};
use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderMap;
use engine::{Ack, Acks, Arrivals, Carriers, Clock, Follower, RoutesHandle, Way};
use events_api::{Options, Parts, Service};
use onboarding::{Record, Workspace};
use server::{EventsApiSender, Unproven, WebhookIntake};
use settings::{EventsClient, IngestAck, Journals, Signatures};
use store::Store;

use crate::project::{Project, is_called};
use crate::publishing::{self, Publishing};
use crate::{identity, limits};

/// An answer that says that an event was published is not waited for any longer.
const ACK_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);

/// The provider whose events ingestion publishes.
const PROVIDER_KEY: &str = "backoffice";

/// What the rest of the program needs to know of it.
pub struct Travel {
    pub way: Way,
    pub carriers: Carriers,
    pub followers: Vec<Follower>,
    pub webhooks: WebhookIntake,
    /// Whose events these are.
    pub ims_org_id: String,
    /// Our own events service.
    pub service: Option<Service>,
    pub router: Router,
}

/// What both ways are made of.
pub struct Means<'a> {
    pub project: &'a Project,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub routes: RoutesHandle,
    pub arrivals: Arc<Arrivals>,
}

impl Means<'_> {
    /// As the settings say: through our own events service, or through another. `address` is where the kit listens.
    ///
    /// # Errors
    /// The store failed, or the settings lead to no usable client.
    pub async fn travel(self, address: SocketAddr, pool: &Pool) -> anyhow::Result<Travel> {
        match &self.project.environment.events.client {
            None => self.embedded(address).await,
            Some(client) => self.elsewhere(client, pool),
        }
    }

    /// Our own events service, for this process and for clients elsewhere.
    ///
    /// # Errors
    /// The store failed.
    async fn embedded(self, address: SocketAddr) -> anyhow::Result<Travel> {
        let (events, scheme) = (&self.project.environment.events, self.project.environment.scheme());
        let said = &events.service;
        let now = self.clock.now();
        let made = identity::make()?;
        self.store.reserve(identity::KEY, made, now, identity::FOR_GOOD).await?;
        let kept = self.store.value(identity::KEY, now).await?;
        let options = Options {
            base_url: events.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}")),
            takes_plain_http: said.takes_plain_http,
            ingress_limit: said.ingress_limit,
            sends_deprecated_members: said.sends_deprecated_members,
            egress: self.project.environment.egress.clone(),
            bodies: limits::bodies(&self.project.environment.limits),
        };
        let parts = Parts { store: self.store, routes: self.routes.clone(), arrivals: self.arrivals };
        let identity = identity::read(kept.as_deref(), said)?;
        let service = Service::open(identity, options, parts, self.clock).await?;
        let carriers = Carriers { webhook: Some(Arc::new(service.courier())), ..Carriers::default() };
        Ok(Travel {
            way: Way::Embedded(self.routes),
            carriers,
            followers: Vec::new(),
            webhooks: WebhookIntake::Closed,
            ims_org_id: service.identity().ims_org_id.clone(),
            router: service.router(),
            service: Some(service),
        })
    }

    /// An events API elsewhere: events leave through its ingress, and come back by webhook or journal.
    ///
    /// # Errors
    /// The settings lead to no usable client.
    fn elsewhere(self, client: &EventsClient, pool: &Pool) -> anyhow::Result<Travel> {
        let events = &self.project.environment.events;
        let api = Arc::new(events_api(client, pool)?);
        let provider = self.project.desired.providers.iter().find(|provider| provider.key == PROVIDER_KEY);
        let provider_label = provider.context("onboarding/config describes no provider `backoffice`")?.label.clone();
        let acks = Acks::default();
        let ack = match events.ack {
            IngestAck::Stored => Ack::Stored,
            IngestAck::Published => Ack::Published { within: ACK_WITHIN },
        };
        let provider_id = self.recorded(client)?;
        let clock = Arc::clone(&self.clock);
        let publish = Publishing { api: Arc::clone(&api), provider_id, provider_label, clock };
        let sender = Arc::new(Sender::new(client, events.comes_back.signatures, pool)?);
        let webhooks = WebhookIntake::Open { client_id: client.client_id.clone(), sender };
        Ok(Travel {
            way: Way::EventsApi { acks: acks.clone(), ack },
            carriers: Carriers { publish: Some(Arc::new(publish)), acks, ..Carriers::default() },
            followers: self.followers(&api),
            webhooks,
            ims_org_id: client.org_id.clone(),
            service: None,
            router: Router::new(),
        })
    }

    /// The id of our provider, when `kit onboard` has left it in the folder.
    fn recorded(&self, client: &EventsClient) -> anyhow::Result<Option<Arc<str>>> {
        let record = Record::read(&self.project.data(), &workspace(client))?;
        Ok(record.and_then(|record| record.provider(PROVIDER_KEY).map(|provider| provider.id.as_str().into())))
    }

    fn followers(&self, api: &Arc<EventsApi>) -> Vec<Follower> {
        let comes_back = &self.project.environment.events.comes_back;
        let routes = self.routes.get();
        let registrations = &routes.catalogue().registrations;
        let is_followed = |name: &str| match &comes_back.journals {
            Journals::All => true,
            Journals::Nobody => false,
            Journals::Named(names) => names.iter().any(|wanted| is_called(name, wanted)),
        };
        let source = Arc::new(publishing::Journals(Arc::clone(api)));
        let followed = registrations.iter().filter(|registration| is_followed(&registration.name));
        let followers: Vec<Follower> = followed
            .map(|registration| Follower {
                arrivals: Arc::clone(&self.arrivals),
                source: Arc::<publishing::Journals>::clone(&source),
                store: Arc::clone(&self.store),
                clock: Arc::clone(&self.clock),
                registration: registration.id,
                name: registration.name.clone(),
                interval: comes_back.interval,
            })
            .collect();
        followers
    }
}

/// The events API as the sender of deliveries by webhook.
struct Sender {
    sender: EventsSender,
    signatures: Signatures,
}

impl Sender {
    fn new(client: &EventsClient, signatures: Signatures, pool: &Pool) -> anyhow::Result<Self> {
        let settings = EventsSenderSettings {
            keys_url: client.keys_url.clone(),
            management_url: client.management_url.clone(),
            hmac_secrets: match signatures {
                Signatures::HmacToo => client.client_secrets.clone(),
                Signatures::Required | Signatures::Unchecked => Vec::new(),
            },
            // The settings have refused an address without TLS where nobody accepted that.
            transport: if is_plain(&client.keys_url) || is_plain(&client.management_url) {
                Transport::PlainToo
            } else {
                Transport::Tls
            },
        };
        let sender = EventsSender::new(&settings, pool.clone(), adobe::Clock::system());
        Ok(Self { sender: sender.context("deliveries of the events API cannot be checked")?, signatures })
    }
}

fn is_plain(url: &str) -> bool {
    url.starts_with("http://")
}

#[async_trait]
impl EventsApiSender for Sender {
    async fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Unproven> {
        match self.signatures {
            Signatures::Unchecked => Ok(()),
            Signatures::Required | Signatures::HmacToo => self
                .sender
                .check(headers, body)
                .await
                .map_err(|adobe::Unproven { reason, is_temporary }| Unproven { reason, is_temporary }),
        }
    }

    async fn visit(&self, url: &str) -> Result<(), String> {
        self.sender.visit(url).await
    }
}

/// Whose events these are, at an events API elsewhere.
pub fn workspace(client: &EventsClient) -> Workspace {
    Workspace {
        consumer_id: client.consumer_id.clone(),
        project_id: client.project_id.clone(),
        workspace_id: client.workspace_id.clone(),
    }
}

fn events_api(client: &EventsClient, pool: &Pool) -> anyhow::Result<EventsApi> {
    let ims = ims(client, pool)?;
    EventsApi::new(&place(client), pool.clone(), ims).context("the client of the events API cannot be set up")
}

/// The management API, for whoever onboards.
///
/// # Errors
/// The settings lead to no usable client.
pub fn management(client: &EventsClient, pool: &Pool) -> anyhow::Result<Management> {
    let ims = ims(client, pool)?;
    Management::new(&place(client), pool.clone(), ims).context("the client of the management API cannot be set up")
}

/// Who gives tokens for the events API.
///
/// # Errors
/// The settings lead to no usable client.
pub fn ims(client: &EventsClient, pool: &Pool) -> anyhow::Result<Arc<Ims>> {
    let settings = ImsSettings {
        token_url: client.token_url.clone(),
        client_id: client.client_id.clone(),
        client_secrets: client.client_secrets.clone(),
        org_id: Some(client.org_id.clone()),
        scopes: client.scopes.clone(),
    };
    let ims = Ims::new(pool.clone(), settings, adobe::Clock::system()).context("the OAuth client cannot be set up")?;
    Ok(Arc::new(ims))
}

fn place(client: &EventsClient) -> EventsSettings {
    EventsSettings {
        ingress_url: client.ingress_url.clone(),
        management_url: client.management_url.clone(),
        consumer_id: client.consumer_id.clone(),
        project_id: client.project_id.clone(),
        workspace_id: client.workspace_id.clone(),
        org_id: client.org_id.clone(),
        client_id: client.client_id.clone(),
    }
}
