//! How recorded runs are found.

use jiff::Timestamp;
use store::{Activation, Filter, Reader, Status, Store};
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
