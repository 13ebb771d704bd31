//! Work that somebody asked for is done once, in order, and goes on in the next process.

use std::sync::Arc;
use std::time::Duration;

use engine::{Clock, Jobs, OwnRegistrations, Schemas};
use serde_json::{Value, json};
use store::{Job, JobState, State, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::product::Step;
use crate::service::{CUSTOM, SPECS, Service, Setup, cloud_event, handled, journaled, registration, seen_by};
use crate::text::{product, product_with};
use crate::world::CHANGED;

const SECOND: Duration = Duration::from_secs(1);

async fn service() -> Service {
    let registrations =
        vec![handled(registration("Products", &[CHANGED])), journaled(registration("Reader", &[CHANGED, CUSTOM]))];
    Service::with(Setup { registrations, ..Setup::default() }).await
}

/// Somebody who carries jobs out until dropped.
struct Worker {
    task: JoinHandle<()>,
    /// Keeps the channel open.
    _stop: watch::Sender<bool>,
}

impl Worker {
    fn new(service: &Service) -> Self {
        let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) = (service.store.clone(), Arc::new(service.clock.clone()));
        let routes = service.routes.clone();
        let enabler = OwnRegistrations { store: Arc::clone(&store), clock: Arc::clone(&clock), routes: routes.clone() };
        let schemas = Arc::new(Schemas::new(SPECS));
        let (stop, stopped) = watch::channel(false);
        let jobs = Jobs { store, clock, routes, schemas, enabler: Arc::new(enabler) };
        Self { task: tokio::spawn(jobs.run(stopped)), _stop: stop }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn ask(service: &Service, document: &Value) -> Uuid {
    ask_from(service, document, "").await
}

/// A job that has come so far already.
async fn ask_from(service: &Service, document: &Value, progress: &str) -> Uuid {
    let job = Job {
        id: Uuid::now_v7(),
        created: service.clock.now(),
        state: JobState::Waiting,
        document: document.to_string(),
        progress: progress.to_owned(),
    };
    service.store.put_job(job.clone()).await.unwrap();
    job.id
}

async fn job(service: &Service, id: Uuid) -> (JobState, Value) {
    let job = service.store.jobs().await.unwrap().into_iter().find(|job| job.id == id).unwrap();
    (job.state, serde_json::from_str(&job.progress).unwrap_or_default())
}

/// Lets time go by until the job is over.
async fn over(service: &Service, id: Uuid) -> (JobState, Value) {
    for _ in 0..100 {
        let (state, progress) = job(service, id).await;
        if !state.is_open() {
            service.settle().await;
            return (state, progress);
        }
        service.advance(SECOND).await;
    }
    panic!("the job comes to an end");
}

/// Waits until the job has written this down.
async fn until(service: &Service, id: Uuid, is_reached: impl Fn(&Value) -> bool) {
    for _ in 0..10_000 {
        if is_reached(&job(service, id).await.1) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{:?}", job(service, id).await);
}

/// Changes that are refused at first and succeed when they are asked for again.
async fn refuse(service: &Service, count: usize) {
    let value = |number: usize| product_with(&format!("P{number}"), &[Step::Status(400), Step::Status(200)]);
    for number in 0..count {
        service.publish(&cloud_event(CHANGED, &number.to_string(), &value(number))).await.unwrap();
    }
    service.settle().await;
    assert_eq!(service.runs.all().len(), count);
}

#[tokio::test]
async fn a_replay_goes_from_old_to_new_and_no_faster_than_it_may() {
    let service = service().await;
    refuse(&service, 4).await;
    service.advance(SECOND).await;
    let _worker = Worker::new(&service);
    let filter = json!({"states": ["refused"], "registration": "products", "code": CHANGED, "drawer": "target"});
    let id = ask(&service, &json!({"replay": {"filter": filter, "rate_per_second": 1, "repeats_effect": false}})).await;
    for seconds in 1.. {
        let begun = service.runs.all().len() - 4;
        assert!(begun <= seconds, "{begun} in less than {seconds} s");
        if !job(&service, id).await.0.is_open() {
            break;
        }
        service.advance(SECOND).await;
    }
    assert_eq!(over(&service, id).await.0, JobState::Done);
    assert_eq!(job(&service, id).await.1["replayed"], 4);
    assert_eq!(service.runs.names()[4..], ["P02", "P12", "P22", "P32"]);
    let products = service.number("Products");
    assert_eq!(service.states(products).await, [State::Done; 4]);
}

#[tokio::test]
async fn an_effect_on_record_is_repeated_only_by_name() {
    let service = service().await;
    service.change("1", "A").await;
    service.settle().await;
    let _worker = Worker::new(&service);
    let replay = |repeats: bool| json!({"replay": {"ids": ["1"], "rate_per_second": 50, "repeats_effect": repeats}});
    let id = ask(&service, &replay(false)).await;
    let (state, progress) = over(&service, id).await;
    assert_eq!((state, &progress["replayed"], &progress["skipped"]), (JobState::Done, &json!(0), &json!(2)));
    assert_eq!(service.runs.names(), ["A1"]);
    let id = ask(&service, &replay(true)).await;
    let (state, progress) = over(&service, id).await;
    assert_eq!((state, &progress["replayed"], &progress["skipped"]), (JobState::Done, &json!(1), &json!(1)));
    assert_eq!(service.runs.names(), ["A1", "A2"], "and nothing goes to who reads its journal");
}

#[tokio::test]
async fn a_replay_goes_on_where_the_last_process_stopped() {
    let service = service().await;
    refuse(&service, 6).await;
    service.advance(SECOND).await;
    let id = ask(&service, &json!({"replay": {"filter": {"states": ["refused"]}, "rate_per_second": 1}})).await;
    for number in 0..6 {
        let worker = Worker::new(&service);
        until(&service, id, |progress| progress["replayed"].as_u64() >= Some(number)).await;
        service.settle().await;
        drop(worker);
        service.advance(SECOND).await;
    }
    let _worker = Worker::new(&service);
    let (state, progress) = over(&service, id).await;
    assert_eq!((state, &progress["replayed"]), (JobState::Done, &json!(6)));
    assert_eq!(service.runs.all().len(), 12, "each once");
}

/// The process died between the replay and the note of it. What it did is not done again, even where an effect may be
/// repeated.
#[tokio::test]
async fn what_was_replayed_before_the_process_died_is_not_replayed_again() {
    let service = service().await;
    service.change("1", "A").await;
    service.settle().await;
    let document = json!({"replay": {"ids": ["1"], "rate_per_second": 50, "repeats_effect": true}});
    let worker = Worker::new(&service);
    let first = ask(&service, &document).await;
    over(&service, first).await;
    drop(worker);
    assert_eq!(service.runs.names(), ["A1", "A2"]);
    let number = service.number("Products");
    let event = service.deliveries_of(number).await[0].event;
    let progress = json!({"replayed": 0, "skipped": 0, "after": null, "step": [[event, number, 0]]}).to_string();
    let again = ask_from(&service, &document, &progress).await;
    let _worker = Worker::new(&service);
    let (state, progress) = over(&service, again).await;
    assert_eq!((state, &progress["replayed"]), (JobState::Done, &json!(1)));
    assert_eq!(service.runs.names(), ["A1", "A2"]);
}

#[tokio::test]
async fn all_events_of_one_thing_are_forgotten_and_no_others() {
    let service = service().await;
    for (id, sku) in [("1", "A"), ("2", "B"), ("3", "A")] {
        service.change(id, sku).await;
    }
    let held = product_with("A", &[Step::Hold]);
    service.settle().await;
    service.publish(&cloud_event(CHANGED, "4", &held)).await.unwrap();
    service.runs.until_held(1).await;
    let _worker = Worker::new(&service);
    let id = ask(&service, &json!({"forget": {"entity": "product", "key": "A"}})).await;
    service.clock.advance(SECOND);
    service.publish(&cloud_event(CHANGED, "5", &product("A"))).await.unwrap();
    service.runs.open_gate();
    assert_eq!(over(&service, id).await, (JobState::Done, job(&service, id).await.1));
    assert_eq!(job(&service, id).await.1["removed"], 3);
    let kept = service.store.jobs().await.unwrap().remove(0).document;
    let forgotten = json!({"forget": {"entity": "product", "key": "(forgotten)"}});
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), forgotten, "whose they were is forgotten with them");
    let left: Vec<Option<String>> = service
        .journal(service.number("Products"))
        .await
        .iter()
        .map(|event| event.given_id.as_deref().map(str::to_owned))
        .collect();
    assert_eq!(left, [Some("2".to_owned()), Some("5".to_owned())], "what came later is something else");
}

#[tokio::test]
async fn a_registration_that_was_switched_off_is_enabled() {
    let registrations = vec![seen_by(registration("All Things", &[CUSTOM]))];
    let service = Service::with(Setup { registrations, ..Setup::default() }).await;
    let number = service.number("all-things");
    let mut known = service.routes.get().registration(number).unwrap().clone();
    known.enabled = false;
    service.store.put_registration(known).await.unwrap();
    service.routes.refresh(&*service.store).await.unwrap();
    let _worker = Worker::new(&service);
    for name in ["All Things", "all-things"] {
        let id = ask(&service, &json!({"enable": {"registration": name}})).await;
        assert_eq!(over(&service, id).await, (JobState::Done, json!({"enabled": 1})));
        assert!(service.routes.get().registration(number).unwrap().enabled);
    }
}

#[tokio::test]
async fn a_job_that_cannot_be_done_says_why() {
    let service = service().await;
    let _worker = Worker::new(&service);
    let checks = [
        (json!({}), "what the job asks for cannot be read"),
        (json!({"unknown": {}}), "what the job asks for cannot be read"),
        (json!({"replay": {"rate_per_second": 1}}), "neither `ids` nor `filter`"),
        (json!({"replay": {"ids": ["1"], "filter": {}}}), "do not go together"),
        (json!({"replay": {"filter": {}, "repeats_effect": true}}), "goes with `ids` only"),
        (json!({"replay": {"ids": ["1"], "rate_per_second": 0}}), "nothing would ever be replayed"),
        (json!({"replay": {"filter": {"states": ["lost"]}}}), "there is no state `lost`"),
        (json!({"replay": {"filter": {"drawer": "top"}}}), "there is no drawer `top`"),
        (json!({"replay": {"filter": {"registration": "nobody"}}}), "there is no registration `nobody`"),
        (json!({"enable": {"registration": "nobody"}}), "there is no registration `nobody`"),
        (json!({"enable": {"registration": "publication"}}), "cannot be switched off"),
        (json!({"forget": {"entity": "person", "key": "1"}}), "there is no entity `person`"),
    ];
    for (document, reason) in checks {
        let id = ask(&service, &document).await;
        let (state, progress) = over(&service, id).await;
        assert_eq!(state, JobState::Failed, "{document}");
        let told = progress["error"].as_str().unwrap();
        assert!(told.contains(reason), "{document}: {told}");
    }
}
