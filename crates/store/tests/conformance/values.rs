use std::sync::Arc;

use store::Store;
use tokio::task::JoinSet;

use crate::place::Place;
use crate::support::{MILLISECOND, at};

for_every_store!(
    a_value_lives_until_it_expires,
    a_value_is_replaced_with_its_expiry,
    keys_are_told_apart,
    a_deleted_value_is_gone,
    a_living_value_is_not_reserved_over,
    of_many_at_once_one_reserves,
    values_outlive_their_process,
);

async fn read(store: &Arc<dyn Store>, key: &str, second: i64) -> Option<String> {
    let value = store.value(key, at(second)).await.expect("the store can be read");
    value.map(|value| String::from_utf8(value).expect("the test stored a text"))
}

async fn put(store: &Arc<dyn Store>, key: &str, value: &str, expires: i64) {
    store.put_value(key, value.into(), at(expires)).await.expect("the store takes values");
}

async fn reserve(store: &Arc<dyn Store>, value: &str, now: i64, expires: i64) -> bool {
    store.reserve("k", value.into(), at(now), at(expires)).await.expect("the store takes values")
}

async fn a_value_lives_until_it_expires(place: &Place) {
    let store = place.open().await;
    assert_eq!(read(&store, "k", 0).await, None);
    put(&store, "k", "v", 10).await;
    assert_eq!(read(&store, "k", 0).await.as_deref(), Some("v"));
    assert_eq!(store.value("k", at(10) - MILLISECOND).await.unwrap().as_deref(), Some(b"v".as_slice()));
    assert_eq!(read(&store, "k", 10).await, None);
}

async fn a_value_is_replaced_with_its_expiry(place: &Place) {
    let store = place.open().await;
    put(&store, "k", "first", 10).await;
    put(&store, "k", "second", 20).await;
    assert_eq!(read(&store, "k", 19).await.as_deref(), Some("second"));
    put(&store, "k", "third", 5).await;
    assert_eq!(read(&store, "k", 4).await.as_deref(), Some("third"));
    assert_eq!(read(&store, "k", 5).await, None);
}

async fn keys_are_told_apart(place: &Place) {
    let store = place.open().await;
    let keys = ["k", "K", "k ", "", "k%", "ß"];
    for key in keys {
        assert_eq!(read(&store, key, 0).await, None, "`{key}`");
        put(&store, key, key, 10).await;
    }
    store.put_value("bytes", vec![0, 255, 0], at(10)).await.unwrap();
    store.put_value("none", Vec::new(), at(10)).await.unwrap();
    for key in keys {
        assert_eq!(read(&store, key, 0).await.as_deref(), Some(key));
    }
    assert_eq!(store.value("bytes", at(0)).await.unwrap(), Some(vec![0, 255, 0]));
    assert_eq!(store.value("none", at(0)).await.unwrap(), Some(Vec::new()));
}

async fn a_deleted_value_is_gone(place: &Place) {
    let store = place.open().await;
    put(&store, "k", "v", 10).await;
    put(&store, "other", "v", 10).await;
    store.delete_value("k").await.unwrap();
    store.delete_value("k").await.unwrap();
    store.delete_value("never there").await.unwrap();
    assert_eq!(read(&store, "k", 0).await, None);
    assert_eq!(read(&store, "other", 0).await.as_deref(), Some("v"));
    assert!(reserve(&store, "again", 0, 10).await);
}

async fn a_living_value_is_not_reserved_over(place: &Place) {
    let store = place.open().await;
    assert!(reserve(&store, "first", 0, 10).await);
    assert!(!reserve(&store, "second", 0, 20).await);
    assert!(!reserve(&store, "second", 9, 20).await);
    assert_eq!(read(&store, "k", 9).await.as_deref(), Some("first"));
    assert_eq!(read(&store, "k", 10).await, None, "a reservation that lost prolongs nothing");
    assert!(reserve(&store, "third", 10, 20).await);
    assert_eq!(read(&store, "k", 19).await.as_deref(), Some("third"));
    put(&store, "k", "put", 30).await;
    assert!(!reserve(&store, "fourth", 29, 40).await);
}

async fn of_many_at_once_one_reserves(place: &Place) {
    let store = place.open().await;
    for (now, expires) in [(0, 10), (10, 20)] {
        let mut reserves = JoinSet::new();
        for number in 0..50 {
            let store = Arc::clone(&store);
            let value = format!("{now}-{number}");
            reserves.spawn(async move { reserve(&store, &value, now, expires).await.then_some(value) });
        }
        let won: Vec<String> = reserves.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!(read(&store, "k", now).await.as_ref(), Some(&won[0]));
    }
}

async fn values_outlive_their_process(place: &Place) {
    let store = place.open().await;
    put(&store, "put", "v", 10).await;
    assert!(reserve(&store, "v", 0, 10).await);
    let store = place.reopen(store).await;
    assert_eq!(read(&store, "put", 9).await.as_deref(), Some("v"));
    assert!(!reserve(&store, "v", 9, 20).await);
    assert_eq!(read(&store, "put", 10).await, None);
}
