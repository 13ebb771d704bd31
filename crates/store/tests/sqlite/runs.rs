//! How recorded runs are found.

use jiff::Timestamp;
use store::{Activation, Filter, Reader, RunPlace, Status, Store};
use uuid::Uuid;

use crate::home::{Home, append, at, event};

fn run(event: Uuid, start: Timestamp) -> Activation {
    Activation {
        id: Uuid::now_v7(),
        cause: None,
        action: "stock/updated".to_owned(),
        start,
        end: start,
        status: Status::Success,
        result: "{}".to_owned(),
        event: Some(event),
        attempt: 1,
        wait_ms: 0,
        detail: None,
        logs: None,
    }
}

/// The runs of one event were found by a look at all runs: beside 400,000 others that took 60 ms for each event, and the
/// check after a long torture went through them for half an hour. They have to be found by their index.
#[tokio::test]
async fn the_runs_of_an_event_are_found_without_a_look_at_all_others() {
    let home = Home::new();
    let store = home.open();
    let one = append(&store, event(0)).await;
    let other = append(&store, event(1)).await;
    for of in [one, other, one] {
        store.record(run(of, at(2))).await.unwrap();
    }
    let reader = Reader::open(&home.options.folder).unwrap();
    let all = Filter { limit: 100, ..Filter::default() };
    let of_one = Filter { event: Some(one), ..all.clone() };
    // An event's ingestion counts among its runs.
    assert_eq!((reader.activations(&of_one).unwrap().len(), reader.count(&of_one).unwrap()), (3, 3));
    assert_eq!((reader.activations(&all).unwrap().len(), reader.count(&all).unwrap()), (5, 5));
    home.connect().execute_batch("DROP INDEX activation_event").unwrap();
    assert!(
        reader.activations(&of_one).is_err() && reader.count(&of_one).is_err(),
        "they were found without the index"
    );
    assert_eq!(reader.activations(&all).unwrap().len(), 5);
}

#[tokio::test]
async fn whoever_goes_on_from_a_place_gets_each_run_once_in_the_order_of_their_ends() {
    let home = Home::new();
    let store = home.open();
    let reader = Reader::open(&home.options.folder).unwrap();
    let begin = reader.newest_run().unwrap();
    assert_eq!(begin, RunPlace::default(), "nothing has run");
    let ingested = append(&store, event(0)).await;
    // It began before the others and ends after them.
    let long = run(ingested, at(1));
    let quick = [run(ingested, at(3)), run(ingested, at(4))];
    for one in &quick {
        store.record(one.clone()).await.unwrap();
    }
    let all = Filter { limit: 100, ..Filter::default() };
    let (found, place) = reader.activations_behind(begin, &all).unwrap();
    assert_eq!((found.len(), place), (3, reader.newest_run().unwrap()), "an ingestion and two runs");
    assert!(reader.activations_behind(place, &all).unwrap().0.is_empty());
    store.record(Activation { end: at(9), ..long.clone() }).await.unwrap();
    let (found, behind) = reader.activations_behind(place, &all).unwrap();
    assert_eq!(found.iter().map(|run| run.id).collect::<Vec<_>>(), [long.id], "although it began long ago");
    // A limit only cuts; what a filter leaves out is passed over.
    let one = Filter { limit: 1, ..Filter::default() };
    let (mut place, mut ids) = (begin, Vec::new());
    while place != behind {
        let (found, next) = reader.activations_behind(place, &one).unwrap();
        assert_ne!(next, place, "it goes on");
        ids.extend(found.iter().map(|run| run.id));
        place = next;
    }
    ids.sort_unstable();
    let mut expected = vec![ingested, quick[0].id, quick[1].id, long.id];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let none = Filter { action: Some("other/action".to_owned()), ..all.clone() };
    let (found, place) = reader.activations_behind(begin, &none).unwrap();
    assert_eq!((found.len(), place), (0, behind));
    // A place behind all there is, as after a removal, is brought back.
    let beyond = RunPlace { recorded: behind.recorded + 7, event: behind.event + 7 };
    assert_eq!(reader.activations_behind(beyond, &all).unwrap().1, behind);
}
