//! Puts the parts together: the only code that knows every crate.

use std::sync::Arc;
use std::time::Duration;

use adobe::Pool;
use anyhow::Context;
use axum::Router;
use engine::{
    Carriers, Clock, Deliveries, DeliveryOptions, Intake, Retention, Routes, RoutesHandle, Runner, Schedule, Schemas,
    SystemClock, Way,
};
use onboarding::Plan;
use sandbox::Sandbox;
use secrecy::ExposeSecret;
use server::Face;
use store::{Options, Sqlite, Store};
use tracing::{info, warn};

use crate::deploy::{self, Fallback};
use crate::project::Project;

/// Events are kept this long after they were accepted, activations this long after they ended.
const EVENTS_KEPT: Duration = Duration::from_hours(30 * 24);
const ACTIVATIONS_KEPT: Duration = Duration::from_hours(7 * 24);

/// A kit that is ready to run.
pub struct Kit {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub deliveries: Arc<Deliveries>,
    pub retention: Retention,
    pub router: Router,
}

/// Opens the store, onboards the embedded events service, deploys the actions.
///
/// With a fallback the sandbox is part of the server, and Commerce for all actions whose inputs name no other.
///
/// # Errors
/// The store cannot be opened or onboarded; says why.
pub async fn compose(project: &Project, fallback: Option<Fallback>) -> anyhow::Result<Kit> {
    let environment = &project.environment;
    if !environment.unread.is_empty() {
        warn!(variables = environment.unread.join(", "), "set, but nothing reads them yet");
    }
    let options = Options {
        folder: project.data(),
        dedupe_window: environment.dedupe_window,
        bytes_max: environment.store_bytes_max,
    };
    let opened = tokio::task::spawn_blocking(move || Sqlite::open(&options)).await?;
    let opened = opened
        .context("the store of events cannot be used; KIT_DATA sets its folder, which belongs to one kit at a time")?;
    let store: Arc<dyn Store> = Arc::new(opened);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let registry = deploy::deploy(&project.manifest, &Pool::new()?, fallback.as_ref());

    let is_deployed = |action: &str| registry.get(action).is_some();
    let observed = store.catalogue().await.context("the events service cannot be read")?;
    let plan = Plan::new(&project.desired, &observed, &is_deployed, clock.now());
    let report = onboarding::apply(plan, &*store).await.context("the events service cannot be onboarded")?;
    if !report.created.is_empty() || !report.updated.is_empty() {
        info!(created = report.created.len(), updated = report.updated.len(), "the events service was onboarded");
    }
    if !report.left_out.is_empty() {
        info!(registrations = report.left_out.join(", "), "left out, because their actions are not deployed");
    }
    let routes = RoutesHandle::default();
    routes.set(Routes::new(store.catalogue().await.context("the events service cannot be read")?));

    let schemas = Arc::new(Schemas::new(actions::EVENTS));
    let intake =
        Intake::new(Arc::clone(&schemas), Arc::clone(&store), Arc::clone(&clock), Way::Embedded(routes.clone()));
    let runner = Runner::new(registry, Arc::new(intake), Arc::clone(&store), Arc::clone(&clock));
    let delivery = DeliveryOptions {
        schedule: Schedule { delays: environment.retry.delays.clone(), total: environment.retry.total },
        at_once: environment.deliveries_at_once,
    };
    let deliveries = Deliveries::new(Arc::clone(&runner), routes, delivery, Carriers::default());
    let face = Face { runner, schemas, store: Arc::clone(&store), clock: Arc::clone(&clock) };
    let others = fallback.map(|fallback| Sandbox::new(fallback.token.expose_secret().to_owned()).router());
    let retention = Retention { events: EVENTS_KEPT.max(environment.dedupe_window), activations: ACTIVATIONS_KEPT };
    Ok(Kit { router: server::router(face, others.unwrap_or_default()), store, clock, deliveries, retention })
}
