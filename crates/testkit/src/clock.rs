use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use engine::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// When every test begins: 2026-01-01, midnight UTC.
const BEGIN: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A clock that stands still until a test moves it. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(watch::Sender<State>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    /// What each sleeper waits for.
    sleepers: BTreeMap<u64, Timestamp>,
    next_sleeper: u64,
}

impl ManualClock {
    pub fn new() -> Self {
        Self(watch::Sender::new(State { now: BEGIN, sleepers: BTreeMap::new(), next_sleeper: 0 }))
    }

    /// Moves the clock and wakes everyone whose time has come.
    ///
    /// # Panics
    /// There is no time that late.
    pub fn advance(&self, duration: Duration) {
        let duration = SignedDuration::try_from(duration).expect("tests move the clock by less than an age");
        self.0.send_modify(|state| {
            state.now = state.now.checked_add(duration).expect("tests take place in this century");
        });
    }

    /// Moves the clock to a time, forwards only.
    ///
    /// # Panics
    /// The time is past already.
    pub fn advance_to(&self, time: Timestamp) {
        assert!(self.now() <= time, "the clock cannot go back to {time}");
        self.0.send_modify(|state| state.now = time);
    }

    /// Waits until somebody waits for a time that has not come: whoever the last move woke has gone back to sleep.
    pub async fn until_somebody_sleeps(&self) {
        let is_asleep = |state: &State| state.sleepers.values().any(|time| *time > state.now);
        drop(self.0.subscribe().wait_for(is_asleep).await);
    }
}

impl ManualClock {
    /// Waits until somebody waits for just this long.
    ///
    /// # Panics
    /// There is no time that late.
    pub async fn until_somebody_waits(&self, duration: Duration) {
        let duration = SignedDuration::try_from(duration).expect("tests wait for less than an age");
        let waits = |state: &State| {
            let time = state.now.checked_add(duration).expect("tests take place in this century");
            state.sleepers.values().any(|sleeper| *sleeper == time)
        };
        drop(self.0.subscribe().wait_for(waits).await);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    async fn wait_until(&self, time: Timestamp) {
        let _sleeper = Sleeper::new(self, time);
        drop(self.0.subscribe().wait_for(|state| state.now >= time).await);
    }
}

/// One that waits; a wait that is given up ends with it.
struct Sleeper<'a> {
    clock: &'a ManualClock,
    number: u64,
}

impl<'a> Sleeper<'a> {
    fn new(clock: &'a ManualClock, time: Timestamp) -> Self {
        let mut number = 0;
        clock.0.send_modify(|state| {
            number = state.next_sleeper;
            state.next_sleeper += 1;
            state.sleepers.insert(number, time);
        });
        Self { clock, number }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.0.send_modify(|state| {
            state.sleepers.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn an_advance_wakes_everyone_whose_time_has_come_and_nobody_else() {
        let clock = ManualClock::new();
        let begin = clock.now();
        let woken = Arc::new(AtomicUsize::new(0));
        let mut sleepers = Vec::new();
        for seconds in [0, 1, 2, 2, 3] {
            let (clock, woken) = (clock.clone(), Arc::clone(&woken));
            let time = begin.checked_add(SignedDuration::from_secs(seconds)).unwrap();
            sleepers.push(tokio::spawn(async move {
                clock.wait_until(time).await;
                woken.fetch_add(1, Ordering::SeqCst);
            }));
        }
        let mut sleepers = sleepers.into_iter();
        sleepers.next().unwrap().await.unwrap();
        clock.advance(Duration::from_millis(1_999));
        sleepers.next().unwrap().await.unwrap();
        assert_eq!(woken.load(Ordering::SeqCst), 2);
        clock.advance(Duration::from_millis(1));
        sleepers.next().unwrap().await.unwrap();
        sleepers.next().unwrap().await.unwrap();
        assert_eq!(woken.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn a_sleeper_counts_until_its_time_comes_or_it_gives_up() {
        let clock = ManualClock::new();
        let time = clock.now().checked_add(SignedDuration::from_secs(1)).unwrap();
        let is_asleep = || clock.0.borrow().sleepers.values().any(|time| *time > clock.now());
        {
            let wait = clock.wait_until(time);
            tokio::select! {
                biased;
                () = wait => panic!("the time has not come"),
                () = clock.until_somebody_sleeps() => {}
            }
        }
        assert!(!is_asleep(), "the wait was given up");
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.wait_until(time).await }
        });
        clock.until_somebody_sleeps().await;
        clock.advance_to(time);
        assert!(!is_asleep(), "its time has come");
        waiting.await.unwrap();
    }
}
