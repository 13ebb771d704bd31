use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Api, PRODUCT_SAVED, SECRET, Turning, configuration, subscription};
use crate::eventing::rows::{FINISHED_KEPT, FINISHED_MAX, LIMITS, Row, Rows, Status, Verdict, Which};
use crate::keep::Keeper;
use crate::tests::Store;
use crate::{Eventing, Options, Sandbox, Seal};

fn opened(api: &Api, folder: &Path, seal: Option<Arc<dyn Seal>>) -> Store {
    let options = api.options(Some(folder));
    let eventing = options.eventing.map(|eventing| Eventing { seal, ..eventing });
    Store {
        sandbox: Sandbox::open(Options { eventing, token: options.token, folder: options.folder, integration: None })
            .unwrap(),
    }
}

#[tokio::test]
async fn a_restart_goes_on_with_all_of_it() {
    let (api, folder) = (Api::start().await, tempfile::tempdir().unwrap());
    let store = opened(&api, folder.path(), None);
    store.done("PUT", "eventing/updateConfiguration", configuration()).await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    let provider = json!({"eventProvider": {"provider_id": "p", "instance_id": "i"}});
    store.done("POST", "eventing/eventProvider", provider).await;
    store.create("Mug").await;
    let lists = ["eventing/getEventSubscriptions", "eventing/eventProvider"];
    let read = async |store: &Store| {
        let first = store.done("GET", lists[0], Value::Null).await;
        (first, store.done("GET", lists[1], Value::Null).await, store.events().await)
    };
    let before = read(&store).await;
    drop(store);

    let store = opened(&api, folder.path(), None);
    assert_eq!(read(&store).await, before);
    store.create("Cup").await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [1, 1]);
    drop(store);
    assert_eq!(opened(&api, folder.path(), None).statuses().await, [1, 1]);
}

#[tokio::test]
async fn what_was_in_progress_waits_again_after_a_restart() {
    let (api, folder) = (Api::start().await, tempfile::tempdir().unwrap());
    let store = opened(&api, folder.path(), None);
    store.done("PUT", "eventing/updateConfiguration", configuration()).await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    store.create("Mug").await;
    store.sandbox.eventing(|module| module.rows.claim(Which::All, 0, 10, Timestamp::now())).unwrap();
    assert_eq!(store.statuses().await, [3]);
    drop(store);
    let store = opened(&api, folder.path(), None);
    assert_eq!((store.statuses().await, &store.events().await[0]["attempts"]), (vec![json!(0)], &json!(0)));
    store.sandbox.send_events_now().await;
    assert_eq!(api.events().len(), 1);
}

#[tokio::test]
async fn secrets_are_kept_sealed() {
    let (api, folder) = (Api::start().await, tempfile::tempdir().unwrap());
    let store = opened(&api, folder.path(), Some(Arc::new(Turning)));
    store.done("PUT", "eventing/updateConfiguration", configuration()).await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    drop(store);
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
    let store = opened(&api, folder.path(), Some(Arc::new(Turning)));
    store.create("Mug").await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [1]);
    assert!(api.heard.lock().unwrap().forms[0].contains(SECRET));
}

/// One that cannot seal keeps no secret, and one that cannot open goes without.
#[tokio::test]
async fn a_seal_that_fails_leaves_the_rest_as_it_is() {
    struct Broken;
    impl Seal for Broken {
        fn seal(&self, _: &[u8]) -> Option<Vec<u8>> {
            None
        }
        fn open(&self, _: &[u8]) -> Option<Vec<u8>> {
            None
        }
    }
    let (api, folder) = (Api::start().await, tempfile::tempdir().unwrap());
    for seal in [Arc::new(Broken) as Arc<dyn Seal>, Arc::new(Turning)] {
        let store = opened(&api, folder.path(), Some(seal));
        store.done("PUT", "eventing/updateConfiguration", configuration()).await;
    }
    let store = opened(&api, folder.path(), Some(Arc::new(Broken)));
    let all = store.done("GET", "eventing/eventProvider", Value::Null).await;
    assert_eq!((&all[0]["provider_id"], &all[0]["workspace_configuration"]), (&json!("provider-1"), &json!("")));
}

fn row(id: u64, now: Timestamp) -> Row {
    Row {
        id,
        event_id: format!("event-{id}"),
        code: "code".to_owned(),
        provider_id: None,
        status: Status::Waiting,
        priority: id.is_multiple_of(2),
        hipaa_audit_required: false,
        attempts: 0,
        created_at: now,
        updated_at: now,
        due_at: now,
        reason: None,
        data: json!({}),
    }
}

fn rows() -> Rows {
    Rows::load(&Arc::new(Keeper::nowhere())).unwrap()
}

const PAUSE: SignedDuration = SignedDuration::from_secs(1);
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn send(rows: &mut Rows, id: u64, now: Timestamp) {
    rows.conclude(id, Verdict::Sent(None), PAUSE, now);
}

#[test]
fn finished_events_go_after_three_days_and_when_they_are_too_many() {
    let mut rows = rows();
    let count = u64::try_from(FINISHED_MAX).unwrap() + 2;
    for id in 1..=count {
        assert!(rows.push(|id| row(id, NOW)));
        send(&mut rows, id, NOW);
    }
    assert!(rows.push(|id| row(id, NOW)));
    rows.prune(NOW + FINISHED_KEPT);
    let left: Vec<u64> = rows.all().map(|row| row.id).collect();
    assert_eq!((left.len(), left[0]), (FINISHED_MAX + 1, 3), "the newest of them, and the one that waits");
    rows.prune(NOW + FINISHED_KEPT + PAUSE);
    assert_eq!(rows.all().map(|row| row.id).collect::<Vec<_>>(), [count + 1]);
}

#[test]
fn a_full_table_forgets_what_is_finished_and_then_takes_no_more() {
    let mut rows = rows();
    for _ in 0..LIMITS.count_max {
        assert!(rows.push(|id| row(id, NOW)));
    }
    assert!(!rows.push(|id| row(id, NOW)));
    send(&mut rows, 1, NOW);
    assert!(rows.push(|id| row(id, NOW)));
    assert_eq!(rows.all().next().unwrap().id, 2);
    assert!(!rows.push(|id| row(id, NOW)));
}

#[test]
fn a_claim_takes_what_is_wanted_and_due_once() {
    let mut rows = rows();
    for _ in 0..4 {
        assert!(rows.push(|id| row(id, NOW)));
    }
    let ids = |claimed: Vec<Row>| claimed.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(rows.claim(Which::Priority, 0, 10, NOW)), [2, 4]);
    assert_eq!(ids(rows.claim(Which::Due, 0, 1, NOW)), [1]);
    assert_eq!(ids(rows.claim(Which::Due, 1, 10, NOW)), [3]);
    assert!(rows.claim(Which::All, 0, 10, NOW).is_empty());
    for (attempt, pause) in [1, 2, 4, 8, 16, 32, 64].into_iter().enumerate() {
        rows.conclude(1, Verdict::Again("no".to_owned()), PAUSE, NOW);
        let due = NOW + PAUSE * pause;
        assert!(rows.claim(Which::Due, 0, 10, due - SignedDuration::from_millis(1)).is_empty(), "{attempt}");
        assert_eq!(ids(rows.claim(Which::Due, 0, 10, due)), [1], "{attempt}");
    }
    rows.conclude(1, Verdict::Again("no".to_owned()), PAUSE, NOW);
    assert_eq!(rows.all().next().unwrap().status, Status::Failed);
    rows.release();
    assert_eq!(ids(rows.claim(Which::All, 0, 10, NOW)), [2, 3, 4]);
}

#[test]
fn who_comes_after_one_that_is_tried_again_waits_with_it() {
    let mut rows = rows();
    for _ in 0..4 {
        assert!(rows.push(|id| row(id, NOW)));
    }
    let ids = |claimed: Vec<Row>| claimed.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(rows.claim(Which::Due, 0, 1, NOW)), [1]);
    rows.conclude(1, Verdict::Again("no".to_owned()), PAUSE, NOW);
    assert!(rows.claim(Which::Due, 0, 10, NOW).is_empty());
    assert_eq!(ids(rows.claim(Which::Priority, 0, 10, NOW)), [2, 4], "but for those that wait for nobody");
    assert_eq!(ids(rows.claim(Which::Due, 0, 10, NOW + PAUSE)), [1, 3]);
}
