use serde_json::{Value, json};

use crate::world::{BASE, ORG, World};

/// The registrations of a page, its numbers, and the pages that its links lead to.
async fn check(total: usize, query: &str, elements: usize, pages: usize, links: Value) {
    let world = World::new().await;
    world.seed(total, "client").await;
    let answer = world.get(&format!("{ORG}/registrations{query}")).await;
    let body = answer.is(200);
    let (number, size) = (&body["page"]["number"], &body["page"]["size"]);
    let page = json!({
        "size": size, "number": number, "numberOfElements": elements, "totalElements": total, "totalPages": pages,
    });
    assert_eq!(body["page"], page);
    assert_eq!(body["_embedded"]["registrations"].as_array().unwrap().len(), elements);
    let links: serde_json::Map<String, Value> = links
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, page)| {
            let href = format!("{BASE}{ORG}/registrations?page={page}&size={size}");
            (name.clone(), json!({"href": href}))
        })
        .collect();
    assert_eq!(body["_links"], Value::Object(links), "{total} {query}");
}

#[tokio::test]
async fn pages_have_ten_registrations_unless_asked_otherwise() {
    check(0, "", 0, 0, json!({"first": 0, "last": 0, "self": 0})).await;
    check(1, "", 1, 1, json!({"first": 0, "last": 0, "self": 0})).await;
    check(10, "", 10, 1, json!({"first": 0, "last": 0, "self": 0})).await;
    check(11, "", 10, 2, json!({"first": 0, "last": 1, "self": 0, "next": 1})).await;
    check(11, "?page=1", 1, 2, json!({"first": 0, "last": 1, "self": 1, "prev": 0})).await;
    check(25, "?page=1", 10, 3, json!({"first": 0, "last": 2, "self": 1, "prev": 0, "next": 2})).await;
    check(25, "?page=2&size=10", 5, 3, json!({"first": 0, "last": 2, "self": 2, "prev": 1})).await;
    check(25, "?size=100", 25, 1, json!({"first": 0, "last": 0, "self": 0})).await;
    check(25, "?size=1&page=24", 1, 25, json!({"first": 0, "last": 24, "self": 24, "prev": 23})).await;
}

#[tokio::test]
async fn behind_the_end_is_an_empty_page_that_leads_back() {
    check(25, "?page=7", 0, 3, json!({"first": 0, "last": 2, "self": 7, "prev": 2})).await;
    check(0, "?page=1", 0, 0, json!({"first": 0, "last": 0, "self": 1, "prev": 0})).await;
    let last = usize::MAX;
    check(1, &format!("?page={last}"), 0, 1, json!({"first": 0, "last": 0, "self": last, "prev": 0})).await;
}

#[tokio::test]
async fn all_pages_together_have_every_registration_once() {
    let world = World::new().await;
    world.seed(25, "client").await;
    let mut path = format!("{ORG}/registrations?size=7");
    let mut ids = Vec::new();
    loop {
        let answer = world.get(&path).await;
        let body = answer.is(200);
        let page = body["_embedded"]["registrations"].as_array().unwrap();
        ids.extend(page.iter().map(|registration| registration["id"].as_i64().unwrap()));
        match body["_links"]["next"]["href"].as_str() {
            Some(next) => path = next.strip_prefix(BASE).unwrap().to_owned(),
            None => break,
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 25);
}

#[tokio::test]
async fn what_is_no_page_is_refused() {
    let world = World::new().await;
    for query in ["page=-1", "page=x", "page=", "page=99999999999999999999", "page=1.0"] {
        world.get(&format!("{ORG}/registrations?{query}")).await.is_refused(400, "`page` must be a whole number");
    }
    for query in ["size=0", "size=101", "size=x", "size=-5"] {
        world.get(&format!("{ORG}/registrations?{query}")).await.is_refused(400, "`size` must be a whole number");
    }
    world.get(&format!("{ORG}/registrations?page=1&page=2")).await.is_refused(400, "only once");
}
