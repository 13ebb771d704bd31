//! Echoes and values of actions, over the real store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::Memory;
use proptest::prelude::*;
use sdk::{Echo, Echoes, State};
use serde_json::{Value, json};
use store::{Options, Sqlite, Store};
use tempfile::TempDir;
use testkit::ManualClock;

use crate::flaky::Flaky;

const WINDOW: Duration = Duration::from_mins(1);

struct World {
    memory: Memory,
    store: Arc<dyn Store>,
    clock: ManualClock,
    folder: TempDir,
}

impl World {
    fn new(echo_window: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new();
        let store = open(folder.path());
        let memory = Memory::new(Arc::clone(&store), Arc::new(clock.clone()), echo_window);
        Self { memory, store, clock, folder }
    }

    async fn carry(&self, echo: Echo) {
        self.memory.remember(&echo).await.unwrap();
    }

    async fn check(&self, echo: Echo, is_echo: bool) {
        assert_eq!(self.memory.is_echo(&echo).await.unwrap(), is_echo, "{echo:?}");
    }
}

fn open(folder: &Path) -> Arc<dyn Store> {
    let options = Options { dedupe_window: WINDOW, ..Options::in_folder(folder.join("data")) };
    Arc::new(Sqlite::open(&options).unwrap())
}

fn product(echo: Echo, price: Option<&Value>, description: &str) -> Echo {
    echo.saved("A/b c?").text("name", Some("Bag")).number("price", price).text("description", Some(description))
}

fn there(price: &Value) -> Echo {
    product(Echo::to_commerce("product"), Some(price), "d")
}

fn back(price: Option<&Value>, description: &str) -> Echo {
    product(Echo::from_commerce("product"), price, description)
}

#[tokio::test]
async fn the_same_change_the_other_way_is_an_echo() {
    let world = World::new(WINDOW);
    world.check(back(Some(&json!(34)), "d"), false).await;
    world.carry(there(&json!(34.0))).await;
    world.check(back(Some(&json!("34.0000")), " d "), true).await;
    // The same direction again is no echo.
    world.check(there(&json!(34)), false).await;
}

#[tokio::test]
async fn a_change_to_any_field_passes() {
    let world = World::new(WINDOW);
    world.carry(there(&json!(34))).await;
    world.check(Echo::from_commerce("product").saved("other").text("name", Some("Bag")), false).await;
    world.check(Echo::from_commerce("customer").saved("A/b c?").text("name", Some("Bag")), false).await;
    for change in
        [back(Some(&json!(35)), "d"), back(Some(&json!(34)), "other"), Echo::from_commerce("product").deleted("A/b c?")]
    {
        world.carry(there(&json!(34))).await;
        world.check(change, false).await;
    }
}

#[tokio::test]
async fn what_an_event_does_not_carry_says_nothing_and_what_only_it_carries_is_news() {
    let world = World::new(WINDOW);
    world.carry(there(&json!(34))).await;
    // Commerce does not send prices unless they were subscribed to.
    world.check(back(None, "d"), true).await;
    let world = World::new(WINDOW);
    world.carry(back(None, "d")).await;
    world.check(there(&json!(34)), false).await;
}

#[tokio::test]
async fn earlier_changes_are_still_known_after_later_ones() {
    let world = World::new(WINDOW);
    for price in [1, 2, 3] {
        world.carry(there(&json!(price))).await;
        world.clock.advance(Duration::from_millis(1));
    }
    for price in [1, 2, 3] {
        world.check(back(Some(&json!(price)), "d"), true).await;
    }
    world.check(back(Some(&json!(4)), "d"), false).await;
}

#[tokio::test]
async fn whoever_goes_back_makes_a_change() {
    let price = |price: i32| back(Some(&json!(price)), "d");
    let world = World::new(WINDOW);
    world.carry(there(&json!(1))).await;
    // Commerce changes it to 2 and back: both are news.
    world.check(price(2), false).await;
    world.carry(price(2)).await;
    world.check(price(1), false).await;

    let world = World::new(WINDOW);
    world.carry(there(&json!(1))).await;
    world.clock.advance(Duration::from_millis(1));
    world.carry(there(&json!(2))).await;
    world.check(price(1), true).await;
    world.check(price(2), true).await;
    world.check(price(2), true).await;
    // The echo of 2 was seen, so this is no late echo of 1.
    world.check(price(1), false).await;
}

#[tokio::test]
async fn what_came_again_may_go_again() {
    let world = World::new(WINDOW);
    let gone = || Echo::from_commerce("product").deleted("A/b c?");
    world.carry(Echo::to_commerce("product").deleted("A/b c?")).await;
    world.check(gone(), true).await;
    world.check(back(None, "d"), false).await;
    world.check(gone(), false).await;
}

#[tokio::test]
async fn the_window_ends_and_each_attempt_begins_it_anew() {
    let world = World::new(WINDOW);
    world.carry(there(&json!(1))).await;
    world.clock.advance(Duration::from_secs(59));
    world.check(back(None, "d"), true).await;
    world.carry(there(&json!(1))).await;
    world.clock.advance(Duration::from_secs(59));
    world.check(back(None, "d"), true).await;
    world.clock.advance(Duration::from_secs(1));
    world.check(back(None, "d"), false).await;
}

#[tokio::test]
async fn a_window_of_nothing_lets_every_echo_pass() {
    let world = World::new(Duration::ZERO);
    world.carry(there(&json!(1))).await;
    world.check(back(Some(&json!(1)), "d"), false).await;
}

#[tokio::test]
async fn what_was_carried_survives_a_restart() {
    let world = World::new(WINDOW);
    world.carry(there(&json!(1))).await;
    world.memory.put("sync", b"7".to_vec(), WINDOW).await.unwrap();
    let World { memory, store, clock, folder } = world;
    store.close().await;
    drop((memory, store));
    let again = Memory::new(open(folder.path()), Arc::new(clock), WINDOW);
    assert!(again.is_echo(&back(Some(&json!(1)), "d")).await.unwrap());
    assert_eq!(again.get("sync").await.unwrap().as_deref(), Some(b"7".as_slice()));
    again.delete("sync").await.unwrap();
    assert_eq!(again.get("sync").await.unwrap(), None);
}

#[tokio::test]
async fn no_value_of_a_payload_is_kept() {
    let world = World::new(WINDOW);
    let echo = Echo::to_commerce("customer").saved("jane@example.com").text("lastname", Some("Doe-of-the-tests"));
    world.carry(echo.clone()).await;
    world.check(Echo::from_commerce("customer").saved("jane@example.com"), true).await;
    world.store.close().await;
    for entry in std::fs::read_dir(world.folder.path().join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for value in ["Doe-of-the-tests", "jane@example.com"] {
            assert!(!bytes.windows(value.len()).any(|window| window == value.as_bytes()), "{value} is on disk");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// Any key will do, and only the same one, but for case and blanks around it, is the same thing.
    #[test]
    fn any_key_will_do(key in ".{1,80}", other in ".{1,80}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new(WINDOW);
            world.carry(Echo::to_commerce("product").saved(&key)).await;
            world.check(Echo::from_commerce("product").saved(&key), true).await;
            let is_same = key.trim().to_lowercase() == other.trim().to_lowercase();
            world.check(Echo::from_commerce("product").saved(&other), is_same).await;
        });
    }
}

/// An action's value was given up at the first write that failed. So a comment was not known as its event's, and the next
/// event with the same comment took it for its own when it was in doubt: it had no effect.
#[tokio::test]
async fn a_value_is_kept_although_the_disk_fails_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Flaky::new(Sqlite::open(&Options::in_folder(folder.path().to_owned())).unwrap()));
    let memory = Memory::new(Arc::<Flaky>::clone(&store), Arc::new(ManualClock::new()), WINDOW);
    store.fail_values(2);
    memory.put("comment", b"7".to_vec(), WINDOW).await.unwrap();
    assert_eq!(memory.get("comment").await.unwrap().as_deref(), Some(&b"7"[..]));
}
