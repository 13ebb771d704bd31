use std::time::Duration;

use engine::Clock;
use jiff::Timestamp;
use reqwest::Response;
use serde_json::Value;

use crate::world::{JOURNAL, ORGANIZATION, World, event, registration};

const DAY: Duration = Duration::from_hours(24);

/// A page as a client sees it.
struct Page {
    status: u16,
    /// The producers' ids.
    ids: Vec<String>,
    positions: Vec<String>,
    next: String,
    validate: String,
}

fn link(answer: &Response, relation: &str) -> Option<String> {
    let ending = format!(">; rel=\"{relation}\"");
    let links = answer.headers().get_all("link").iter().map(|value| value.to_str().unwrap());
    links.filter_map(|link| link.strip_prefix('<')?.strip_suffix(&ending)).map(str::to_owned).next()
}

async fn page(world: &World, path: &str) -> Page {
    let answer = world.get(path).send().await.unwrap();
    let status = answer.status().as_u16();
    let relation = |relation| link(&answer, relation).unwrap_or_default();
    let (next, validate) = (relation("next"), relation("validate"));
    if status != 200 {
        let after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(after, (status == 204).then_some("10"));
        return Page { status, ids: Vec::new(), positions: Vec::new(), next, validate };
    }
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body: Value = answer.json().await.unwrap();
    let events = body["events"].as_array().unwrap();
    let texts = |at: fn(&Value) -> &Value| -> Vec<String> {
        events.iter().map(|entry| at(entry).as_str().unwrap().to_owned()).collect()
    };
    let (ids, positions) = (texts(|entry| &entry["event"]["id"]), texts(|entry| &entry["position"]));
    assert_eq!(body["_page"]["count"], positions.len());
    assert_eq!(body["_page"]["last"], *positions.last().unwrap());
    Page { status, ids, positions, next, validate }
}

async fn status(world: &World, path: &str) -> u16 {
    world.get(path).send().await.unwrap().status().as_u16()
}

async fn with_events(ids: &[&str]) -> World {
    let world = World::new().await;
    for id in ids {
        world.publish(id).await;
    }
    world
}

#[tokio::test]
async fn a_journal_is_read_page_by_page_to_its_end() {
    let world = with_events(&["a", "b", "c", "d", "e"]).await;
    let first = page(&world, &format!("{}?limit=2", world.journal())).await;
    assert_eq!(first.ids, ["a", "b"]);
    assert_eq!(first.next, format!("{}?since={}&limit=2", world.journal(), first.positions[1]));
    let second = page(&world, &first.next).await;
    assert_eq!(second.ids, ["c", "d"]);
    let third = page(&world, &second.next).await;
    assert_eq!(third.ids, ["e"]);
    let end = page(&world, &third.next).await;
    assert_eq!((end.status, &end.next), (204, &third.next));
    world.publish("f").await;
    assert_eq!(page(&world, &end.next).await.ids, ["f"]);
    assert_eq!(page(&world, &world.journal()).await.ids, ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test]
async fn a_page_links_to_all_that_a_client_may_want() {
    let world = with_events(&["a"]).await;
    let answer = world.get(&world.journal()).send().await.unwrap();
    let journal = world.journal();
    let link = |relation| link(&answer, relation).unwrap();
    assert_eq!(link("events"), journal);
    assert_eq!(link("latest"), format!("{journal}?latest=true"));
    assert_eq!(link("page"), format!("{journal}?since={{position}}&limit={{count}}"));
    assert_eq!(link("seek"), format!("{journal}?seek={{duration}}&limit={{count}}"));
    assert!(answer.headers().contains_key("x-request-id"));
    let (next, validate) = (link("next"), link("validate"));
    let position = next.split_once("since=").unwrap().1.to_owned();
    assert_eq!(validate, format!("{journal}/validate?since={position}"));
    assert_eq!(status(&world, &validate).await, 204);
    let parts: Vec<&str> = position.split(':').collect();
    assert_eq!((parts.len(), parts[1]), (3, JOURNAL));
    uuid::Uuid::parse_str(parts[2]).unwrap();
}

#[tokio::test]
async fn an_empty_journal_answers_with_its_own_address() {
    let world = World::new().await;
    for query in ["", "?limit=5", "?latest=true", "?latest=true&limit=5", "?seek=-PT2H"] {
        let asked = format!("{}{query}", world.journal());
        let page = page(&world, &asked).await;
        assert_eq!((page.status, &page.next), (204, &asked));
        assert_eq!(page.validate, format!("{}/validate", world.journal()));
        assert_eq!(status(&world, &page.validate).await, 204);
    }
}

#[tokio::test]
async fn the_latest_position_skips_what_is_there() {
    let world = with_events(&["a", "b"]).await;
    let all = page(&world, &world.journal()).await;
    let latest = page(&world, &format!("{}?latest=true", world.journal())).await;
    let expected = format!("{}?since={}", world.journal(), all.positions[1]);
    assert_eq!((latest.status, &latest.next), (204, &expected));
    assert_eq!(page(&world, &latest.next).await.status, 204);
    world.publish("c").await;
    assert_eq!(page(&world, &latest.next).await.ids, ["c"]);
}

#[tokio::test]
async fn a_seek_goes_back_by_a_duration() {
    let world = with_events(&["a"]).await;
    world.clock.advance(Duration::from_hours(2));
    world.publish("b").await;
    world.clock.advance(Duration::from_hours(1));
    let seek = async |text: &str| page(&world, &format!("{}?seek={text}", world.journal())).await.ids;
    assert_eq!(seek("-PT3H").await, ["a", "b"]);
    assert_eq!(seek("-PT2H").await, ["b"]);
    assert_eq!(seek("-PT1H").await, ["b"]);
    assert!(seek("-PT59M").await.is_empty());
    assert_eq!(seek("-P30D").await, ["a", "b"]);
}

#[tokio::test]
async fn events_older_than_a_week_are_gone() {
    let world = with_events(&["a"]).await;
    world.clock.advance(DAY);
    world.renew().await;
    world.publish("b").await;
    let all = page(&world, &world.journal()).await;
    let since = |place: usize| format!("{}?since={}", world.journal(), all.positions[place]);
    world.clock.advance(6 * DAY);
    world.renew().await;
    assert_eq!(page(&world, &world.journal()).await.ids, ["a", "b"], "the week is not over");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(page(&world, &world.journal()).await.ids, ["b"]);
    assert_eq!(page(&world, &format!("{}?seek=-P30D", world.journal())).await.ids, ["b"]);
    assert_eq!(page(&world, &since(0)).await.ids, ["b"], "nothing after it is gone");
    world.clock.advance(DAY);
    world.renew().await;
    assert_eq!(page(&world, &world.journal()).await.status, 204);
    expired(&world, &since(0), &all.positions[0]).await;
    assert_eq!(page(&world, &since(1)).await.status, 204, "nothing came after it");
    assert_eq!(page(&world, &format!("{}?latest=true", world.journal())).await.next, since(1));
}

async fn expired(world: &World, path: &str, position: &str) {
    for path in [path.to_owned(), path.replace('?', "/validate?")] {
        let answer = world.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), 410);
        assert_eq!(answer.text().await.unwrap(), format!("Events at position {position} have expired."));
    }
}

#[tokio::test]
async fn a_position_before_events_that_were_removed_is_gone() {
    let world = with_events(&["a", "b"]).await;
    let all = page(&world, &world.journal()).await;
    world.clock.advance(Duration::from_hours(1));
    world.publish("c").await;
    let before = world.clock.now();
    let retention = store::Retention { now: before, events: before, activations: Timestamp::MIN, bytes: u64::MAX };
    world.store.purge(retention).await.unwrap();
    let since = |place: usize| format!("{}?since={}", world.journal(), all.positions[place]);
    expired(&world, &since(0), &all.positions[0]).await;
    assert_eq!(page(&world, &since(1)).await.ids, ["c"]);
    assert_eq!(page(&world, &world.journal()).await.ids, ["c"]);
}

#[tokio::test]
async fn wrong_parameters_and_strange_positions_are_refused() {
    let world = with_events(&["a"]).await;
    world.register(registration("2f0c6b86-2a3a-4e41-8a0a-0d3a0c9b1c55", &world.credential.client_id)).await;
    let position = page(&world, &world.journal()).await.positions.remove(0);
    let others = position.replace(JOURNAL, "2f0c6b86-2a3a-4e41-8a0a-0d3a0c9b1c55");
    let never_given = format!("ledger:{JOURNAL}:00000000-0000-0000-0000-00000000ffff");
    for query in [
        "limit=0",
        "limit=x",
        "latest=yes",
        "seek=PT2H",
        "seek=-2h",
        "since=rabbit",
        &format!("since={others}"),
        &format!("since={never_given}"),
        &format!("since={position}&seek=-PT1H"),
        &format!("since={position}&latest=true"),
    ] {
        assert_eq!(status(&world, &format!("{}?{query}", world.journal())).await, 400, "{query}");
        assert_eq!(status(&world, &format!("{}/validate?{query}", world.journal())).await, 400, "{query}");
    }
}

#[tokio::test]
async fn only_the_owner_reads_and_only_what_is_there() {
    let world = with_events(&["a"]).await;
    let at = |organization: &str, credential: &str, registration: &str| {
        format!("/events/organizations/{organization}/integrations/{credential}/{registration}")
    };
    let credential = world.credential.id.as_str();
    assert_eq!(status(&world, &at(ORGANIZATION, credential, "0f0f0f0f-0000-4000-8000-000000000000")).await, 404);
    assert_eq!(status(&world, &at("7654321", credential, JOURNAL)).await, 404);
    assert_eq!(status(&world, &at(ORGANIZATION, "1", JOURNAL)).await, 403);
    let others = "2f0c6b86-2a3a-4e41-8a0a-0d3a0c9b1c55";
    world.register(registration(others, "another client")).await;
    assert_eq!(status(&world, &at(ORGANIZATION, credential, others)).await, 403);
    assert_eq!(status(&world, &at(ORGANIZATION, "embedded", others)).await, 403);
    assert_eq!(status(&world, &at(ORGANIZATION, "embedded", JOURNAL)).await, 403);
    let own = "9d3f4a6e-3a9b-4b7e-8a52-1d2c5f0e7b31";
    let own_registration = store::Registration { name: "own".to_owned(), ..registration(own, "embedded") };
    world.register(own_registration).await;
    assert_eq!(status(&world, &at(ORGANIZATION, "embedded", own)).await, 204, "the kit's own is everybody's");
    let nobody = world.http.get(format!("{}{}", world.url, world.journal())).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let shorter = world.journal().replacen("/events", "", 1);
    assert_eq!(page(&world, &shorter).await.ids, ["a"]);
    let request = world.get(&world.journal()).header("x-ims-org-id", "anything");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_page_ends_at_a_hundred_events_or_at_its_bytes() {
    let world = World::new().await;
    for place in 0..102 {
        world.publish(&place.to_string()).await;
    }
    assert_eq!(page(&world, &world.journal()).await.ids.len(), 100);
    assert_eq!(page(&world, &format!("{}?limit=101", world.journal())).await.ids.len(), 101);
    assert_eq!(page(&world, &format!("{}?limit=99999999999", world.journal())).await.ids.len(), 102);
    let last = page(&world, &format!("{}?latest=true", world.journal())).await.next;
    for id in ["large-1", "large-2", "large-3"] {
        let mut document = event(id);
        document["data"] = "x".repeat(700_000).into();
        assert_eq!(world.publication(document.to_string()).send().await.unwrap().status(), 200);
    }
    let first = page(&world, &last).await;
    assert_eq!(first.ids, ["large-1", "large-2"]);
    assert_eq!(page(&world, &first.next).await.ids, ["large-3"]);
}
