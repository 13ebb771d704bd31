//! Puts the parts together: the only code that knows every crate.

use std::net::SocketAddr;
use std::sync::Arc;

use adobe::Pool;
use anyhow::Context;
use axum::Router;
use engine::{
    Arrivals, Clock, Deliveries, DeliveryOptions, Follower, Intake, Readiness, Reception, Registry, RoutesHandle, Rule,
    Rules, Runner, RunnerParts, Schedule, Schemas, SystemClock,
};
use events_api::Service;
use jiff::Timestamp;
use sandbox::Sandbox;
use schemes::Secrets;
use secrecy::{ExposeSecret, SecretString};
use server::{Face, Operators, Tls, WebActions, Webhooks};
use settings::{Environment, OnParked, Retry, Role};
use store::{Options, Reader, Sqlite, Store, keep_private, make_private};
use tracing::warn;

use crate::beside::{Beside, Shared};
use crate::events::Means;
use crate::guards::{self, Guards};
use crate::inspect::routes::{self, Inspected};
use crate::project::Project;
use crate::runtime_auth::RuntimeUser;
use crate::secrets;
use crate::senders::Configured;
use crate::targets::{Clients, Fallback};
use crate::{deploy, limits, metrics, sandbox_events, seed, vault};

const UNUSABLE: &str =
    "the store of events cannot be used; KIT_DATA sets its folder, which belongs to one kit at a time";
const UNREADABLE: &str = "the events service cannot be read";

/// A kit that is ready to run.
pub struct Kit {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub deliveries: Arc<Deliveries>,
    pub beside: Beside,
    pub followers: Vec<Follower>,
    pub router: Router,
    /// What strangers may take of the server.
    pub limits: server::Limits,
    /// None: connections are plain.
    pub tls: Option<Arc<Tls>>,
    /// Our own events service, when events do not travel through another.
    pub service: Option<Service>,
    /// Who may use the runtime API, where there are actions.
    pub runtime_user: Option<RuntimeUser>,
    /// The stand-ins, where there are any.
    pub sandbox: Option<Sandbox>,
}

/// Opens the store, onboards the embedded events service, deploys the actions. `address` is where the kit listens.
///
/// With a fallback the sandbox is part of the server, and Commerce for all actions whose inputs name no other.
///
/// # Errors
/// The store cannot be opened or onboarded; says why.
pub async fn compose(project: &Project, address: SocketAddr, fallback: Option<Fallback>) -> anyhow::Result<Kit> {
    let ground = Ground { store: open(project).await?, clock: Arc::new(SystemClock) };
    compose_on(project, address, fallback, ground).await
}

/// What a kit stands on.
pub struct Ground {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

/// As `compose`, on a store and with a clock of somebody's own.
///
/// # Errors
/// The store cannot be onboarded; says why.
pub async fn compose_on(
    project: &Project,
    address: SocketAddr,
    fallback: Option<Fallback>,
    Ground { store, clock }: Ground,
) -> anyhow::Result<Kit> {
    let environment = &project.environment;
    tell_unread(environment);
    metrics::start()?;
    let pool = Pool::new(&environment.egress)?;
    let routes = onboard(project, &*store, clock.now()).await?;
    let runtime_user = RuntimeUser::prepare(project, &*store, clock.now()).await?;
    let schemas = Arc::new(Schemas::new(&[actions::EVENTS, actions::COMMERCE_EVENTS].concat()));
    let arrivals =
        Arc::new(Arrivals::new(Arc::clone(&schemas), routes.clone(), Arc::clone(&store), Arc::clone(&clock)));
    let means = Means {
        project,
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        routes: routes.clone(),
        arrivals: Arc::clone(&arrivals),
    };
    let travel = means.travel(address, &pool).await?;
    let key = runtime_user.as_ref().map(|user| user.key(&environment.namespace));
    let (service, asked) = (travel.service.as_ref(), key.clone());
    let means = guards::Means { service, key: asked, pool: &pool, clock: Arc::clone(&clock) };
    let guards = Guards::new(&environment.adobe_auth, project.mode, means)?;
    let runner = Runner::new(RunnerParts {
        registry: registry(project, &pool, fallback.as_ref(), &guards)?,
        publisher: Arc::new(Intake::new(Arc::clone(&schemas), Arc::clone(&store), Arc::clone(&clock), travel.way)),
        senders: Arc::new(Configured::new(&environment.ingestion, Arc::clone(&clock), &pool, &guards)?),
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        echo_window: environment.echo_window,
    });
    let answers = travel.carriers.answers.clone();
    let options = delivery(project, travel.ims_org_id);
    let deliveries = Deliveries::new(Arc::clone(&runner), routes.clone(), options, travel.carriers);
    let readiness = Readiness::default();
    let shared = Shared {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        routes: routes.clone(),
        schemas: Arc::clone(&schemas),
        readiness: readiness.clone(),
    };
    let reception = Reception { arrivals, routes, store: Arc::clone(&store), clock: Arc::clone(&clock), answers };
    let face = Face {
        runner,
        schemas,
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        webhooks: Webhooks::new(reception, travel.webhooks, environment.events.comes_back.answer_within),
        web: WebActions::default(),
        operators: operators(&environment.operator_tokens),
        runtime: key,
        bodies: limits::bodies(&environment.limits),
        readiness: readiness.clone(),
    };
    let (sandbox, stand_ins) = fallback.map(|fallback| sandbox(project, address, &fallback)).transpose()?.unzip();
    let others = travel.router.merge(stand_ins.unwrap_or_default()).merge(own_routes(project, &face)?);
    Ok(Kit {
        beside: Beside::new(environment, shared, travel.service.as_ref()),
        limits: limits::server(project),
        tls: project.tls()?.map(Arc::new),
        router: server::router(face, others, limits::all_bodies(environment)),
        followers: travel.followers,
        service: travel.service,
        runtime_user,
        sandbox,
        store,
        clock,
        deliveries,
    })
}

/// What operators read, and what commands are told that ask from elsewhere.
fn own_routes(project: &Project, face: &Face) -> anyhow::Result<Router> {
    let metrics = face.operators.guard(metrics::router());
    let Some(key) = &face.runtime else { return Ok(metrics) };
    let reader = Reader::open(&project.data()).context(UNUSABLE)?;
    let inspected = Inspected::new(reader, Arc::clone(&face.store), Arc::clone(&face.clock));
    Ok(metrics.merge(routes::router(inspected, key)))
}

fn tell_unread(environment: &Environment) {
    if !environment.unread.is_empty() {
        warn!(variables = environment.unread.join(", "), "set, but nothing reads them yet");
    }
}

fn operators(tokens: &[SecretString]) -> Operators {
    if tokens.is_empty() { Operators::default() } else { Operators::with_tokens(Secrets::new(tokens)) }
}

fn delivery(project: &Project, ims_org_id: String) -> DeliveryOptions {
    let environment = &project.environment;
    DeliveryOptions {
        rules: rules(project),
        at_once: environment.deliveries_at_once,
        bytes_max: bytes(environment.delivery.memory.delivery_bytes_max),
        ims_org_id,
    }
}

fn bytes(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The rules of deliveries: of all, and of the registrations that want something else.
fn rules(project: &Project) -> Rules {
    let (retry, delivery) = (&project.environment.retry, &project.environment.delivery);
    let rule = |retry: Retry, on_parked: OnParked, at_once: Option<usize>| Rule {
        schedule: Schedule {
            delays: retry.delays,
            jitter: retry.jitter,
            total: retry.total,
            attempts_max: retry.attempts_max,
            retry_after_max: retry.retry_after_max,
        },
        is_blocking: on_parked == OnParked::Block,
        at_once,
    };
    let others = project.delivery_overrides.iter().map(|(name, wanted)| {
        let on_parked = wanted.on_parked.unwrap_or(delivery.on_parked);
        (name.to_owned(), rule(wanted.retry(retry), on_parked, wanted.at_once))
    });
    Rules::new(rule(retry.clone(), delivery.on_parked, None), others)
}

/// The deployed actions; an events service has none.
fn registry(project: &Project, pool: &Pool, fallback: Option<&Fallback>, guards: &Guards) -> anyhow::Result<Registry> {
    let environment = &project.environment;
    match environment.role {
        Role::Kit => {
            secrets::learn_inputs(&project.manifest);
            let clients = Clients::new(pool, environment.target_limits, fallback);
            deploy::deploy(&project.manifest, clients, guards).context("the actions cannot be deployed")
        }
        Role::EventsService => Ok(Registry::default()),
    }
}

/// The stand-ins, with the token of the fallback and the environment's integration.
fn sandbox(project: &Project, address: SocketAddr, fallback: &Fallback) -> anyhow::Result<(Sandbox, Router)> {
    let integration = project.environment.sandbox_integration.as_ref().map(|integration| sandbox::Integration {
        consumer_key: integration.consumer_key.clone(),
        consumer_secret: integration.consumer_secret.expose_secret().to_owned(),
        access_token: integration.access_token.clone(),
        access_token_secret: integration.access_token_secret.expose_secret().to_owned(),
    });
    let data = project.data();
    keep_private(&data, &sandbox::FILES).and_then(|()| Ok(make_private(&data.join(sandbox::FILES[0]))?))?;
    let options = sandbox::Options {
        token: fallback.token.expose_secret().to_owned(),
        integration,
        folder: Some(data),
        eventing: sandbox_events::eventing(project, address)?,
    };
    let sandbox = Sandbox::open(options).context("the sandbox cannot be opened in KIT_DATA")?;
    let router = sandbox.router();
    Ok((sandbox, router))
}

/// Opens the store as the environment says.
///
/// # Errors
/// It cannot be used; says why.
pub async fn open(project: &Project) -> anyhow::Result<Arc<Sqlite>> {
    let environment = &project.environment;
    let options = Options {
        folder: project.data(),
        dedupe_window: environment.dedupe_window,
        bytes_max: environment.store_bytes_max,
        uids_bytes_max: environment.delivery.memory.dedupe_bytes_max,
        open_max: environment.delivery.backlog_max,
        vault: vault::vault(&environment.encryption_keys)?,
    };
    let opened = tokio::task::spawn_blocking(move || Sqlite::open(&options)).await?;
    let opened = opened.map_err(|error| vault::explain(error, UNUSABLE))?;
    Ok(Arc::new(opened))
}

/// Brings what the store knows of providers, event metadata and registrations to what the files describe; what events
/// take from then on. A service for other processes begins empty: they onboard themselves.
async fn onboard(project: &Project, store: &dyn Store, now: Timestamp) -> anyhow::Result<RoutesHandle> {
    if project.environment.role == Role::Kit {
        seed::seed(project, store, now).await?;
    }
    let routes = RoutesHandle::default();
    routes.refresh(store).await.context(UNREADABLE)?;
    Ok(routes)
}
