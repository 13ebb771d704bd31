use std::sync::Arc;

use serde_json::{Value, json};
use store::{Activation, Attempt, Filter, NewEvent, Outcome, Status, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{MILLISECOND, append, at, attempt, claim_one, event, id, run, with_keys};

for_every_store!(
    a_run_can_be_read,
    the_newest_are_listed_first,
    pages_neither_repeat_runs_nor_miss_them,
    names_are_matched_exactly,
    runs_are_listed_by_event,
    an_ingestion_is_read_from_its_event,
    an_ingestion_has_the_name_of_the_action_that_published,
    ingestions_are_listed_with_the_runs,
    an_event_from_the_wire_is_nobodys_run,
    an_ingestion_with_a_row_of_its_own_is_listed_once,
    an_id_is_recorded_once,
    runs_outlive_their_process,
);

fn everything() -> Filter {
    Filter { limit: 100, ..Filter::default() }
}

async fn record(store: &Arc<dyn Store>, run: Activation) -> Uuid {
    let id = run.id;
    store.record(run).await.expect("the store records runs");
    id
}

async fn listed(store: &Arc<dyn Store>, filter: Filter) -> Vec<Uuid> {
    let runs = store.activations(filter).await.expect("the store can be read");
    runs.into_iter().map(|run| run.id).collect()
}

async fn a_run_can_be_read(place: &Place) {
    async fn check(store: &Arc<dyn Store>, run: Activation) {
        let expected = format!("{run:?}");
        let id = record(store, run).await;
        let read = store.activation(id).await.expect("the store can be read").expect("the run is recorded");
        assert_eq!(format!("{read:?}"), expected);
    }
    let store = place.open().await;
    check(&store, run("stock/updated", at(0))).await;
    let caused = Activation { cause: Some(id(at(1))), event: Some(id(at(2))), attempt: 7, ..run("a/b", at(3)) };
    check(&store, caused).await;
    for status in [Status::Success, Status::ApplicationError, Status::DeveloperError, Status::InternalError] {
        check(&store, Activation { status, result: r#"{"ß": "\u0000" }"#.to_owned(), ..run("a/b", at(4)) }).await;
    }
    assert!(store.activation(id(at(5))).await.unwrap().is_none(), "an id that nobody used");
}

async fn the_newest_are_listed_first(place: &Place) {
    let store = place.open().await;
    let mut runs = Vec::new();
    for second in 0..5 {
        runs.insert(0, record(&store, run("stock/updated", at(second))).await);
    }
    assert_eq!(listed(&store, everything()).await, runs);
    assert_eq!(listed(&store, Filter { limit: 3, ..everything() }).await, runs[..3]);
    assert!(listed(&store, Filter { limit: 0, ..everything() }).await.is_empty());
}

async fn pages_neither_repeat_runs_nor_miss_them(place: &Place) {
    let store = place.open().await;
    let mut expected = Vec::new();
    for round in 0..3 {
        // A run, one that it caused, and an ingestion between them: whoever begins first ends last.
        let second = |of_round: i64| at(round * 10 + of_round);
        let inner = Activation { end: second(3), ..run("stock/inner", second(2)) };
        expected.insert(0, record(&store, inner).await);
        expected.insert(0, append(&store, NewEvent { id: id(second(4)), ..event(second(4)) }).await);
        let outer = Activation { end: second(5), ..run("stock/outer", second(1)) };
        expected.insert(0, record(&store, outer).await);
    }
    assert_eq!(listed(&store, everything()).await, expected);
    assert_eq!(store.count_activations(Filter { limit: 1, ..everything() }).await.unwrap(), 9);
    for limit in 1..4 {
        let mut paged = Vec::new();
        for skip in (0..9).step_by(limit) {
            paged.extend(listed(&store, Filter { limit, skip, ..everything() }).await);
        }
        assert_eq!(paged, expected, "pages of {limit}");
    }
}

async fn names_are_matched_exactly(place: &Place) {
    async fn check(store: &Arc<dyn Store>, asked: &str, expected: &[Uuid]) {
        let filter = Filter { action: Some(asked.to_owned()), ..everything() };
        assert_eq!(listed(store, filter).await, expected, "`{asked}`");
    }
    let store = place.open().await;
    let stock = record(&store, run("stock/updated", at(0))).await;
    let order = record(&store, run("order/updated", at(1))).await;
    let split = record(&store, run("order/was_updated", at(2))).await;
    let dashed = record(&store, run("order/was-updated", at(3))).await;
    check(&store, "updated", &[order, stock]).await;
    check(&store, "stock/updated", &[stock]).await;
    check(&store, "order/updated", &[order]).await;
    check(&store, "was_updated", &[split]).await;
    check(&store, "was-updated", &[dashed]).await;
    for nobody in ["Updated", "Order/Updated", "date", "pdated", "order", "order/", "/updated", "%", "%updated", ""] {
        check(&store, nobody, &[]).await;
    }
    let filter = Filter { action: Some("updated".to_owned()), limit: 1, ..everything() };
    assert_eq!(listed(&store, filter).await, [order], "the limit counts what matches");
}

async fn runs_are_listed_by_event(place: &Place) {
    let store = place.open().await;
    let (one, other) = (append(&store, event(at(0))).await, append(&store, event(at(1))).await);
    let mut of_one = vec![one];
    for second in 2..5 {
        of_one.insert(0, record(&store, Activation { event: Some(one), ..run("stock/updated", at(second)) }).await);
        record(&store, Activation { event: Some(other), ..run("stock/updated", at(second)) }).await;
        record(&store, run("stock/updated", at(second))).await;
    }
    let by_event = Filter { event: Some(one), ..everything() };
    assert_eq!(listed(&store, by_event.clone()).await, of_one);
    let by_both = Filter { action: Some("updated".to_owned()), ..by_event.clone() };
    assert_eq!(listed(&store, by_both).await, of_one[..3]);
    assert_eq!(listed(&store, Filter { limit: 2, ..by_event }).await, of_one[..2]);
    assert!(listed(&store, Filter { event: Some(id(at(0))), ..everything() }).await.is_empty());
}

async fn an_ingestion_is_read_from_its_event(place: &Place) {
    let store = place.open().await;
    let accepted = at(10) + MILLISECOND * 5;
    let event = append(&store, NewEvent { id: id(at(10)), ..event(accepted) }).await;
    let run = store.activation(event).await.unwrap().unwrap();
    assert_eq!((run.id, run.cause, run.event, run.attempt), (event, None, Some(event), 0));
    assert_eq!((run.action.as_str(), run.status), ("ingestion/webhook", Status::Success));
    assert_eq!((run.start, run.end), (at(10), accepted));
    let response = json!({"success": true, "message": "Event published successfully"});
    let expected = json!({"statusCode": 200, "body": {"type": "stock.updated", "response": response}});
    assert_eq!(serde_json::from_str::<Value>(&run.result).unwrap(), expected);
    let listed = store.activations(everything()).await.unwrap();
    assert_eq!(format!("{listed:?}"), format!("{:?}", [run]));
}

async fn an_ingestion_has_the_name_of_the_action_that_published(place: &Place) {
    let store = place.open().await;
    let one = append(&store, event(at(1))).await;
    let other = append(&store, NewEvent { publisher: "files/upload".into(), ..event(at(2)) }).await;
    assert_eq!(store.activation(other).await.unwrap().unwrap().action, "files/upload");
    let of = |action: &str| Filter { action: Some(action.to_owned()), ..everything() };
    for (action, expected) in [("upload", other), ("files/upload", other), ("webhook", one)] {
        assert_eq!(listed(&store, of(action)).await, [expected], "{action}");
        assert_eq!(listed(&store, Filter { event: Some(expected), ..of(action) }).await, [expected], "{action}");
    }
    assert!(listed(&store, Filter { event: Some(one), ..of("upload") }).await.is_empty());
    assert!(listed(&store, of("load")).await.is_empty());
}

async fn an_event_from_the_wire_is_nobodys_run(place: &Place) {
    let store = place.open().await;
    let received = append(&store, NewEvent { publisher: "".into(), ..event(at(0)) }).await;
    let ingested = append(&store, event(at(1))).await;
    assert!(store.activation(received).await.unwrap().is_none());
    assert_eq!(listed(&store, everything()).await, [ingested]);
    assert!(listed(&store, Filter { event: Some(received), ..everything() }).await.is_empty());
}

/// An ingestion that had to say more than "published" was listed twice: by its row, and by its event.
async fn an_ingestion_with_a_row_of_its_own_is_listed_once(place: &Place) {
    let store = place.open().await;
    let published = append(&store, event(at(0))).await;
    let run = Activation { id: published, status: Status::ApplicationError, ..run("ingestion/webhook", at(0)) };
    record(&store, run).await;
    for event in [None, Some(published)] {
        assert_eq!(listed(&store, Filter { event, ..everything() }).await.len(), usize::from(event.is_none()));
    }
    let read = store.activation(published).await.unwrap().unwrap();
    assert_eq!(read.status, Status::ApplicationError);
}

async fn ingestions_are_listed_with_the_runs(place: &Place) {
    let store = place.open().await;
    let mut all = Vec::new();
    for second in 0..4 {
        all.insert(0, append(&store, event(at(2 * second))).await);
        let action = if second == 3 { "ingestion/webhook" } else { "stock/updated" };
        all.insert(0, record(&store, run(action, at(2 * second + 1))).await);
    }
    assert_eq!(listed(&store, everything()).await, all);
    assert_eq!(listed(&store, Filter { limit: 3, ..everything() }).await, all[..3]);
    for name in ["webhook", "ingestion/webhook"] {
        let by_name = Filter { action: Some(name.to_owned()), ..everything() };
        assert_eq!(listed(&store, by_name.clone()).await, [all[0], all[1], all[3], all[5], all[7]]);
        assert_eq!(listed(&store, Filter { event: Some(all[1]), ..by_name }).await, [all[1]]);
    }
}

async fn an_id_is_recorded_once(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    let first = run("stock/first", at(0));
    let again = Activation { action: "stock/again".to_owned(), status: Status::InternalError, ..first.clone() };
    record(&store, first.clone()).await;
    record(&store, again.clone()).await;
    let ended = Attempt { activations: vec![again.clone(), again], ..attempt(&claimed, Outcome::Done) };
    assert!(store.finish(ended).await.unwrap());
    let read = store.activation(first.id).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{first:?}"));
    assert!(listed(&store, Filter { action: Some("again".to_owned()), ..everything() }).await.is_empty());
}

async fn runs_outlive_their_process(place: &Place) {
    let store = place.open().await;
    let event = append(&store, event(at(0))).await;
    let run = record(&store, run("stock/updated", at(1))).await;
    let store = place.reopen(store).await;
    assert_eq!(listed(&store, everything()).await, [run, event]);
}
