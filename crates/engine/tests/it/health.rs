//! Registrations whose deliveries fail become unstable, then disabled, and come back when a person says so.

use std::sync::Arc;
use std::time::Duration;

use engine::{Enabler, HealthRules, OwnRegistrations, RegistrationWatch};
use store::{RegistrationHealth, State, Store};

use crate::product::Step;
use crate::service::{Service, Setup, cloud_event, handled, registration};
use crate::text::{product, product_with};
use crate::world::CHANGED;

const DAY: Duration = Duration::from_hours(24);

const RULES: HealthRules = HealthRules { window: DAY, attempts_min: 10, failures: 0.8, unstable_for: DAY };

fn watch(service: &Service) -> RegistrationWatch {
    RegistrationWatch {
        store: service.store.clone(),
        clock: Arc::new(service.clock.clone()),
        routes: service.routes.clone(),
        rules: RULES,
    }
}

fn health(service: &Service) -> &'static str {
    let routes = service.routes.get();
    let registration = routes.registration(service.number("Products")).unwrap();
    assert_eq!(registration.enabled, !matches!(registration.health, RegistrationHealth::Disabled { .. }));
    registration.health.as_str()
}

async fn fail(service: &Service, first: usize, count: usize) {
    for number in first..first + count {
        let value = product_with("A", &[Step::Status(400)]);
        service.publish(&cloud_event(CHANGED, &number.to_string(), &value)).await.unwrap();
    }
    service.settle().await;
}

#[tokio::test]
async fn a_registration_that_fails_for_days_is_disabled_and_misses_nothing() {
    let registrations = vec![handled(registration("Products", &[CHANGED]))];
    let service = Service::with(Setup { registrations, ..Setup::default() }).await;
    let watch = watch(&service);
    fail(&service, 0, 9).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "active");
    fail(&service, 9, 1).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "unstable");
    service.advance(Duration::from_mins(24 * 60 - 2)).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "unstable", "it is looked at again after a day");
    fail(&service, 10, 10).await;
    assert_eq!(service.runs.all().len(), 20, "deliveries go on");
    service.advance(Duration::from_mins(2)).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "disabled");

    let number = service.number("Products");
    service.publish(&cloud_event(CHANGED, "20", &product("B"))).await.unwrap();
    service.offer(Some("21"), "C").await.unwrap();
    let event = crate::service::parse(&cloud_event(CHANGED, "22", &product("D")));
    service.arrivals.receive(number, event).await.unwrap();
    service.settle().await;
    assert_eq!(service.runs.all().len(), 20);
    assert_eq!(service.states(number).await[20..], [State::Journaled; 3]);

    service.advance(DAY * 3).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "disabled", "only a person enables it");
    let store: Arc<dyn Store> = service.store.clone();
    let enabler = OwnRegistrations { store, clock: Arc::new(service.clock.clone()), routes: service.routes.clone() };
    enabler.enable("products").await.unwrap();
    watch.look().await.unwrap();
    assert_eq!(health(&service), "active");
    service.change("23", "E").await;
    service.settle().await;
    assert_eq!(service.runs.names().last().map(String::as_str), Some("E1"));
    assert!(enabler.enable("nobody").await.is_err());
}

#[tokio::test]
async fn a_registration_that_recovers_is_active_again() {
    let registrations = vec![handled(registration("Products", &[CHANGED]))];
    let service = Service::with(Setup { registrations, ..Setup::default() }).await;
    let watch = watch(&service);
    fail(&service, 0, 10).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "unstable");
    service.advance(DAY + Duration::from_mins(1)).await;
    watch.look().await.unwrap();
    assert_eq!(health(&service), "active");
}
