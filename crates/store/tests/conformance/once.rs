//! Requests that make one event at most.

use std::sync::Arc;

use store::{Appended, NewEvent, Nonce, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{append, at, event, with_uid};

for_every_store!(
    a_nonce_leads_to_its_event_whatever_the_uid,
    a_nonce_counts_until_it_expires,
    a_nonce_is_known_to_a_later_process,
    a_nonce_of_a_repeat_leads_to_the_first_event,
    a_nonce_whose_event_was_removed_is_spent,
);

/// The id of the event that the request made or had made; `None` when that is gone.
async fn once(store: &Arc<dyn Store>, text: &str, event: NewEvent) -> Option<Uuid> {
    let (id, nonce) = (event.id, Nonce { text: text.to_owned(), expires: at(600) });
    match store.append_once(event, nonce).await.expect("the store takes events") {
        Some(Appended::Stored) => Some(id),
        Some(Appended::Known(known)) => Some(known.id),
        None => None,
    }
}

async fn a_nonce_leads_to_its_event_whatever_the_uid(place: &Place) {
    let store = place.open().await;
    let first = event(at(0));
    assert_eq!(once(&store, "n", first.clone()).await, Some(first.id));
    assert_eq!(once(&store, "n", event(at(1))).await, Some(first.id));
    assert_eq!(once(&store, "n", with_uid(at(1), "A")).await, Some(first.id));
    let other = event(at(2));
    assert_eq!(once(&store, "N", other.clone()).await, Some(other.id));
    append(&store, with_uid(at(3), "A")).await;
}

async fn a_nonce_counts_until_it_expires(place: &Place) {
    let store = place.open().await;
    let (first, last, new) = (event(at(0)), event(at(599)), event(at(600)));
    assert_eq!(once(&store, "n", first.clone()).await, Some(first.id));
    assert_eq!(once(&store, "n", last).await, Some(first.id));
    assert_eq!(once(&store, "n", new.clone()).await, Some(new.id));
}

async fn a_nonce_is_known_to_a_later_process(place: &Place) {
    let store = place.open().await;
    let first = event(at(0));
    once(&store, "n", first.clone()).await;
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(once(&store, "n", event(at(1))).await, Some(first.id));
}

async fn a_nonce_of_a_repeat_leads_to_the_first_event(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_uid(at(0), "A")).await;
    assert_eq!(once(&store, "n", with_uid(at(1), "A")).await, Some(first));
    assert_eq!(once(&store, "n", event(at(2))).await, Some(first));
}

async fn a_nonce_whose_event_was_removed_is_spent(place: &Place) {
    let store = place.open().await;
    let first = event(at(0));
    once(&store, "n", first.clone()).await;
    let (stored, _) = store.event(first.id).await.unwrap().unwrap();
    store.forget(stored.number).await.unwrap();
    assert_eq!(once(&store, "n", event(at(1))).await, None);
}
