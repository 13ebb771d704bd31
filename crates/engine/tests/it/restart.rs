//! What is left when the process goes, and goes on when it comes back.

use std::path::Path;
use std::time::Duration;

use store::State;
use testkit::ManualClock;
use tokio::runtime::{Builder, Runtime};

use crate::product::Step;
use crate::text::{product, product_with};
use crate::world::{CHANGED, World, day, just_before};

/// A process: everything that runs in it ends with it.
struct Process(Runtime);

impl Process {
    fn start() -> Self {
        Self(Builder::new_current_thread().enable_all().build().unwrap())
    }

    fn open(&self, folder: &Path, clock: &ManualClock) -> World {
        self.0.block_on(World::open(folder, clock, day()))
    }
}

#[test]
fn a_restart_goes_on_where_the_store_says_and_runs_a_leased_delivery_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let process = Process::start();
    let world = process.open(folder.path(), &clock);
    let (done, held, waiting, failed) = process.0.block_on(async {
        let done = world.publish(CHANGED, &product("A")).await;
        let failed = world.publish(CHANGED, &product_with("B", &[Step::Status(503), Step::Status(200)])).await;
        world.until(done, State::Done).await;
        world.settle().await;
        let held = world.publish(CHANGED, &product_with("C", &[Step::Hold, Step::Status(200)])).await;
        let waiting = world.publish(CHANGED, &product("C")).await;
        world.runs.until_held(1).await;
        world.store.close().await;
        (done, held, waiting, failed)
    });
    drop(world);
    drop(process);

    let process = Process::start();
    let world = process.open(folder.path(), &clock);
    world.take_over(&[done, held, waiting, failed]);
    process.0.block_on(async {
        for event in [held, waiting] {
            world.until(event, State::Done).await;
        }
        world.settle().await;
        assert_eq!(world.runs.names(), ["C2", "C1"], "the leased delivery runs again, and first");
        assert_eq!(world.delivery(done).await.state, State::Done);
        assert_eq!(world.delivery(failed).await.state, State::Due);
        world.advance(just_before(Duration::from_mins(1))).await;
        assert_eq!(world.runs.all().len(), 2, "a retry keeps its time across a restart");
        world.advance(Duration::from_millis(1)).await;
        world.until(failed, State::Done).await;
        assert_eq!(world.runs.names(), ["C2", "C1", "B2"]);
    });
}

#[test]
fn time_that_passed_while_the_process_was_gone_counts() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let process = Process::start();
    let world = process.open(folder.path(), &clock);
    let event = process.0.block_on(async {
        let event = world.publish(CHANGED, &product_with("A", &[Step::Status(503)])).await;
        world.settle().await;
        world.store.close().await;
        event
    });
    drop(world);
    drop(process);
    clock.advance(Duration::from_hours(24));

    let process = Process::start();
    let world = process.open(folder.path(), &clock);
    process.0.block_on(async {
        let delivery = world.until(event, State::Parked).await;
        assert_eq!(delivery.attempts, 2, "what is overdue has one more attempt, and then the schedule is over");
    });
}
