//! What runs beside the server for as long as the kit does: deliveries, followers, and whoever looks after them.

use std::sync::Arc;

use engine::{
    Audit, Clock, Enabler, HealthRules, Jobs, OwnRegistrations, Readiness, RegistrationWatch, Retention, RoutesHandle,
    Schemas,
};
use events_api::Service;
use sandbox::Sandbox;
use settings::Environment;
use store::Store;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::compose::Kit;
use crate::metrics;
use crate::supervise::supervise;

/// What these parts share with the others.
pub struct Shared {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub routes: RoutesHandle,
    pub schemas: Arc<Schemas>,
    pub readiness: Readiness,
}

/// Whoever looks after what is stored and delivered.
pub struct Beside {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    readiness: Readiness,
    retention: Retention,
    registrations: RegistrationWatch,
    jobs: Jobs,
}

impl Beside {
    pub fn new(environment: &Environment, shared: Shared, service: Option<&Service>) -> Self {
        let Shared { store, clock, routes, schemas, readiness } = shared;
        let rules = environment.delivery.health;
        let registrations = RegistrationWatch {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            routes: routes.clone(),
            rules: HealthRules {
                window: rules.window,
                attempts_min: rules.attempts_min,
                failures: rules.failures,
                unstable_for: rules.unstable_for,
            },
        };
        let enabler: Arc<dyn Enabler> = match service {
            Some(service) => Arc::new(service.clone()),
            None => Arc::new(OwnRegistrations {
                store: Arc::clone(&store),
                clock: Arc::clone(&clock),
                routes: routes.clone(),
            }),
        };
        let jobs = Jobs { store: Arc::clone(&store), clock: Arc::clone(&clock), routes, schemas, enabler };
        let kept = environment.delivery.kept;
        let retention = Retention {
            // An event is kept at least as long as its uid is compared with others.
            events: kept.events.max(environment.dedupe_window),
            activations: kept.activations,
            bytes: kept.store_bytes,
        };
        Self { store, clock, readiness, retention, registrations, jobs }
    }

    fn house(&self, stop: &watch::Receiver<bool>) -> impl Fn() -> Task + Send + 'static {
        let (store, clock, retention, stop) =
            (Arc::clone(&self.store), Arc::clone(&self.clock), self.retention, stop.clone());
        move || Box::pin(engine::keep_house(Arc::clone(&store), Arc::clone(&clock), retention, stop.clone()))
    }

    fn audit(
        &self,
        kit: &Kit,
        stuck: &Arc<Notify>,
        stop: &watch::Receiver<bool>,
    ) -> impl Fn() -> Task + Send + 'static {
        let (store, clock, deliveries) =
            (Arc::clone(&self.store), Arc::clone(&self.clock), Arc::clone(&kit.deliveries));
        let (readiness, stuck, stop) = (self.readiness.clone(), Arc::clone(stuck), stop.clone());
        move || {
            let (store, clock, deliveries) = (Arc::clone(&store), Arc::clone(&clock), Arc::clone(&deliveries));
            Box::pin(Audit::new(store, clock, deliveries, readiness.clone(), Arc::clone(&stuck)).run(stop.clone()))
        }
    }
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The events of the sandbox Commerce, until the stop.
async fn send_events(sandbox: Sandbox, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = sandbox.send_events() => {}
        _ = stop.wait_for(|is_stopped| *is_stopped) => {}
    }
}

/// Begins all of it; returns the loop that begins deliveries. The others end with the stop, or with the process: what
/// they do is whole at every step.
pub fn begin(kit: &Kit, stop: &watch::Receiver<bool>) -> JoinHandle<()> {
    let stuck = Arc::<Notify>::default();
    let stopped = || (stop.clone(), stop.clone(), Arc::<Notify>::default());
    for follower in &kit.followers {
        let (follower, (stop, inner, never)) = (follower.clone(), stopped());
        drop(supervise("follower", stop, never, move || follower.clone().run(inner.clone())));
    }
    let (stop_metrics, inner, never) = stopped();
    drop(supervise("metrics", stop_metrics, never, move || metrics::keep(inner.clone())));
    let (registrations, (stop_health, inner, never)) = (kit.beside.registrations.clone(), stopped());
    drop(supervise("registration health", stop_health, never, move || registrations.clone().run(inner.clone())));
    let (jobs, (stop_jobs, inner, never)) = (kit.beside.jobs.clone(), stopped());
    drop(supervise("jobs", stop_jobs, never, move || jobs.clone().run(inner.clone())));
    if let Some(sandbox) = &kit.sandbox {
        let (sandbox, (stop, inner, never)) = (sandbox.clone(), stopped());
        drop(supervise("sandbox events", stop, never, move || send_events(sandbox.clone(), inner.clone())));
    }
    drop(supervise("housekeeping", stop.clone(), Arc::default(), kit.beside.house(stop)));
    drop(supervise("audit", stop.clone(), Arc::default(), kit.beside.audit(kit, &stuck, stop)));
    let (deliveries, inner) = (Arc::clone(&kit.deliveries), stop.clone());
    supervise("deliveries", stop.clone(), stuck, move || Arc::clone(&deliveries).run(inner.clone()))
}
