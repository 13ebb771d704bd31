//! What is old is removed, what is open or young stays.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Clock, Retention, keep_house};
use store::State;
use tokio::sync::watch;

use crate::product::Step;
use crate::text::{product, product_with};
use crate::world::{CHANGED, World};

const RETENTION: Retention =
    Retention { events: Duration::from_hours(24 * 30), activations: Duration::from_hours(24 * 7), bytes: u64::MAX };

#[tokio::test]
async fn old_events_and_runs_are_removed_and_open_ones_stay() {
    let world = World::new().await;
    let old = world.publish(CHANGED, &product("A")).await;
    world.until(old, State::Done).await;
    world.advance(Duration::from_hours(24 * 29)).await;
    let young = world.publish(CHANGED, &product("B")).await;
    world.until(young, State::Done).await;
    let open = world.publish(CHANGED, &product_with("C", &[Step::Hold])).await;
    world.runs.until_held(1).await;
    world.clock.advance(Duration::from_hours(24 * 2));

    let (stop, stopped) = watch::channel(false);
    let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let house = tokio::spawn(keep_house(Arc::clone(&world.store), clock, RETENTION, stopped));
    let begun = Instant::now();
    while world.store.event(old).await.unwrap().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the old event goes");
        tokio::task::yield_now().await;
    }
    assert!(world.activations(Some(old)).await.is_empty(), "its runs are older still");
    assert!(world.store.event(young).await.unwrap().is_some());
    assert_eq!(world.activations(Some(young)).await.len(), 2);
    assert!(world.store.event(open).await.unwrap().is_some());
    stop.send_replace(true);
    house.await.unwrap();
}
