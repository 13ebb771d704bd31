use std::sync::Arc;

use store::{Appended, NewEvent, Outcome, State, Store};
use tokio::task::JoinSet;

use crate::place::{Place, WINDOW};
use crate::support::{
    MILLISECOND, after, append, append_again, at, claim, claim_one, deliveries, event, finish, id, is_stored,
    with_deliveries, with_keys, with_uid,
};

for_every_store!(
    a_stored_event_can_be_read,
    numbers_grow,
    a_body_is_kept_to_the_byte,
    what_the_producer_gave_is_kept,
    a_known_uid_brings_back_the_first_event,
    a_duplicate_is_not_delivered,
    a_uid_counts_for_one_code,
    an_event_without_uid_is_always_new,
    a_uid_is_known_until_the_window_ends,
    a_uid_is_known_to_a_later_process,
    of_many_at_once_with_one_uid_one_is_stored,
    many_at_once_with_their_own_uids_are_all_stored,
);

async fn a_stored_event_can_be_read(place: &Place) {
    let store = place.open().await;
    let new =
        NewEvent { uid: Some("A-1".to_owned()), ..with_deliveries(at(5), &[(7, &["sku-1"]), (8, &[]), (9, &["x"])]) };
    append(&store, new.clone()).await;
    let (stored, deliveries) = store.event(new.id).await.unwrap().unwrap();
    assert_eq!(stored.id, new.id);
    assert_eq!(stored.provider_id, new.provider_id);
    assert_eq!(stored.code, new.code);
    assert_eq!(stored.uid, new.uid);
    assert_eq!(stored.at, at(5));
    assert_eq!(stored.body, new.body);
    let mut registrations: Vec<i64> = deliveries.iter().map(|delivery| delivery.registration).collect();
    registrations.sort_unstable();
    assert_eq!(registrations, [7, 8, 9]);
    for delivery in deliveries {
        assert_eq!((delivery.state, delivery.due, delivery.attempts), (State::Due, at(5), 0));
    }
    assert!(!is_stored(&store, id(at(5))).await, "an id that nobody used");
}

async fn numbers_grow(place: &Place) {
    let store = place.open().await;
    let mut last = i64::MIN;
    for second in 0..5 {
        let event = append(&store, event(at(second))).await;
        let number = store.event(event).await.unwrap().unwrap().0.number;
        assert!(number > last, "{number} comes after {last}");
        last = number;
    }
}

async fn a_body_is_kept_to_the_byte(place: &Place) {
    let store = place.open().await;
    for body in
        ["{ \"b\" : 1.0,\n \"a\":\t1e2 }", r#""\u0000 ' ? ß 😀""#, "null", &format!("\"{}\"", "x".repeat(300_000))]
    {
        let event = append(&store, NewEvent { body: body.into(), ..event(at(0)) }).await;
        assert_eq!(&*store.event(event).await.unwrap().unwrap().0.body, body);
    }
}

async fn what_the_producer_gave_is_kept(place: &Place) {
    async fn check(place: &Place, store: Arc<dyn Store>, given_id: &str, attributes: &str) -> Arc<dyn Store> {
        let new = NewEvent {
            given_id: Some(given_id.into()),
            attributes: Some(attributes.into()),
            publisher: "".into(),
            ..with_keys(at(0), &[])
        };
        append(&store, new.clone()).await;
        let store = place.reopen(store).await;
        let (stored, _) = store.event(new.id).await.unwrap().unwrap();
        assert_eq!((stored.given_id, stored.attributes), (new.given_id.clone(), new.attributes.clone()));
        let claimed = claim_one(&store, at(0)).await;
        assert_eq!(claimed.event.event_id(), given_id);
        assert_eq!(claimed.event.attributes, new.attributes);
        finish(&store, &claimed, Outcome::Done).await;
        store
    }
    let store = place.open().await;
    let store = check(place, store, "A-1", r#"{"time":"2026-01-01T00:00:00.10Z", "ß" : "x"}"#).await;
    let store = check(place, store, "A-1", "{}").await;
    let store = check(place, store, "", r#"{"dataschema":"urn:\u0000"}"#).await;
    let own = append(&store, event(at(1))).await;
    let (stored, _) = store.event(own).await.unwrap().unwrap();
    assert_eq!((&stored.given_id, &stored.attributes), (&None, &None));
    assert_eq!(stored.event_id(), own.hyphenated().to_string());
}

async fn a_known_uid_brings_back_the_first_event(place: &Place) {
    let store = place.open().await;
    let first = NewEvent { body: r#"{"first":true}"#.into(), ..with_uid(at(1), "A-1") };
    append(&store, first.clone()).await;
    for second in [1, 2, 1_000] {
        let again = NewEvent { provider_id: "another".into(), ..with_uid(at(second), "A-1") };
        let known = append_again(&store, again.clone()).await;
        assert_eq!((known.id, known.at, &known.body), (first.id, at(1), &first.body));
        assert!(!is_stored(&store, again.id).await);
    }
}

async fn a_duplicate_is_not_delivered(place: &Place) {
    let store = place.open().await;
    let first = NewEvent { uid: Some("A-1".to_owned()), ..with_keys(at(0), &[]) };
    append(&store, first.clone()).await;
    append_again(&store, NewEvent { id: id(at(1)), at: at(1), ..first.clone() }).await;
    let claimed = claim(&store, at(2)).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].event.id, first.id);
}

async fn a_uid_counts_for_one_code(place: &Place) {
    async fn check(store: &Arc<dyn Store>, code: &str, uid: &str) {
        let event = NewEvent { code: code.into(), ..with_uid(at(0), uid) };
        append(store, event.clone()).await;
        append_again(store, NewEvent { id: id(at(1)), ..event }).await;
    }
    let store = place.open().await;
    check(&store, "stock.updated", "A-1").await;
    check(&store, "stock.deleted", "A-1").await;
    check(&store, "stock.updated", "a-1").await;
    check(&store, "stock.updated", "A-1 ").await;
    check(&store, "stock.updated", "").await;
    check(&store, "stock", ".updatedA-1").await;
}

async fn an_event_without_uid_is_always_new(place: &Place) {
    let store = place.open().await;
    for _ in 0..3 {
        append(&store, event(at(0))).await;
    }
}

async fn a_uid_is_known_until_the_window_ends(place: &Place) {
    let store = place.open().await;
    append(&store, with_uid(at(0), "A-1")).await;
    let ends = after(at(0), WINDOW);
    append_again(&store, with_uid(ends - MILLISECOND, "A-1")).await;
    let second = append(&store, with_uid(ends, "A-1")).await;
    // From now on the second event is the first of its window.
    let known = append_again(&store, with_uid(after(ends, WINDOW) - MILLISECOND, "A-1")).await;
    assert_eq!((known.id, known.at), (second, ends));
    append(&store, with_uid(after(ends, WINDOW), "A-1")).await;
}

async fn a_uid_is_known_to_a_later_process(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_uid(at(0), "A-1")).await;
    append(&store, with_uid(at(10), "A-2")).await;
    let store = place.reopen(store).await;
    let ends = after(at(0), WINDOW);
    assert_eq!(append_again(&store, with_uid(at(20), "A-1")).await.id, first);
    let store = place.reopen(store).await;
    assert_eq!(append_again(&store, with_uid(ends - MILLISECOND, "A-1")).await.id, first);
    append(&store, with_uid(ends, "A-1")).await;
    append_again(&store, with_uid(ends, "A-2")).await;
}

async fn of_many_at_once_with_one_uid_one_is_stored(place: &Place) {
    let store = place.open().await;
    let mut appends = JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        let event = NewEvent { uid: Some("A-1".to_owned()), ..with_keys(at(0), &["sku-1"]) };
        appends.spawn(async move { (event.id, store.append(event).await.unwrap()) });
    }
    let (mut stored, mut known) = (Vec::new(), Vec::new());
    for (id, appended) in appends.join_all().await {
        match appended {
            Appended::Stored => stored.push(id),
            Appended::Known(first) => known.push(first.id),
        }
    }
    assert_eq!(stored.len(), 1);
    assert_eq!(known, [stored[0]; 99]);
    assert_eq!(claim(&store, at(1)).await.len(), 1);
}

async fn many_at_once_with_their_own_uids_are_all_stored(place: &Place) {
    let store = place.open().await;
    let mut appends = JoinSet::new();
    for number in 0..100 {
        let store = Arc::clone(&store);
        let event = NewEvent { uid: Some(format!("A-{number}")), ..with_keys(at(number), &["sku-1"]) };
        appends.spawn(async move { append(&store, event).await });
    }
    for event in appends.join_all().await {
        assert_eq!(deliveries(&store, event).await.len(), 1);
    }
}
