use std::time::Duration;

use jiff::Timestamp;

use super::bucket::Bucket;
use crate::clock::after;

/// A semaphore has to know an end.
const CONCURRENCY_MAX: u32 = 10_000;

/// What is known of a target's load, and what follows from it. Computes; waits for nothing.
pub(super) struct Load {
    concurrency: Level,
    rate: Option<Rate>,
    /// Places in use that are not to come back, because the limit fell meanwhile.
    owed: usize,
    /// Attempts so far.
    begun: u64,
    /// As many attempts had begun at the last halving: their answers tell nothing about the new limits.
    halved_at: u64,
    in_flight: u32,
    pause: Option<Pause>,
}

/// What becomes of the places in the semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    Same,
    More(usize),
    Fewer(usize),
}

/// A limit that falls by half and rises by one when as many calls as it allows have succeeded.
struct Level {
    now: u32,
    max: u32,
    successes: u32,
}

struct Rate {
    level: Level,
    bucket: Bucket,
}

struct Pause {
    /// A clock that was set back ends the pause, too.
    since: Timestamp,
    until: Timestamp,
}

impl Load {
    /// Neither limit is less than one.
    pub fn new(concurrency: usize, rate: Option<u32>) -> Self {
        let concurrency = u32::try_from(concurrency).unwrap_or(u32::MAX).clamp(1, CONCURRENCY_MAX);
        let rate = rate.map(|rate| Rate { level: Level::new(rate.max(1)), bucket: Bucket::default() });
        let concurrency = Level::new(concurrency);
        Self { concurrency, rate, owed: 0, begun: 0, halved_at: 0, in_flight: 0, pause: None }
    }

    pub fn limit(&self) -> usize {
        self.concurrency.now as usize
    }

    pub fn concurrency(&self) -> u32 {
        self.concurrency.now
    }

    pub fn rate(&self) -> Option<u32> {
        self.rate.as_ref().map(|rate| rate.level.now)
    }

    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The number of an attempt that begins now.
    pub fn begin(&mut self) -> u64 {
        let number = self.begun;
        self.begun = self.begun.saturating_add(1);
        number
    }

    /// A call has begun, with the first of its attempts.
    pub fn enter(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    pub fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The wait for a share of the rate; `None` when it is longer than this, and nothing is taken.
    pub fn reserve(&mut self, now: Timestamp, longest: Duration) -> Option<Duration> {
        let Some(rate) = &mut self.rate else { return Some(Duration::ZERO) };
        rate.bucket.reserve(now, rate.level.now, longest)
    }

    /// The attempt with this number was too much.
    pub fn throttled(&mut self, number: u64) -> Places {
        if number < self.halved_at {
            return Places::Same;
        }
        self.halved_at = self.begun;
        if let Some(rate) = &mut self.rate {
            rate.level.halve();
        }
        match self.concurrency.halve() {
            0 => Places::Same,
            count => Places::Fewer(count as usize),
        }
    }

    pub fn succeeded(&mut self) -> Places {
        if let Some(rate) = &mut self.rate {
            rate.level.succeed();
        }
        if !self.concurrency.succeed() || self.repay() { Places::Same } else { Places::More(1) }
    }

    /// So many places could not be taken back, because they are in use.
    pub fn owe(&mut self, count: usize) {
        self.owed = self.owed.saturating_add(count);
    }

    /// Pays back one place, if any is owed; says whether.
    pub fn repay(&mut self) -> bool {
        let is_owed = self.owed > 0;
        self.owed = self.owed.saturating_sub(1);
        is_owed
    }

    /// No call begins for a while. A shorter pause does not end a longer one.
    pub fn rest(&mut self, now: Timestamp, wait: Duration) {
        if self.pause(now).is_none_or(|rest| rest < wait) {
            self.pause = Some(Pause { since: now, until: after(now, wait) });
        }
    }

    /// The rest of the pause.
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        let pause = self.pause.as_ref().filter(|pause| (pause.since..pause.until).contains(&now))?;
        Duration::try_from(pause.until.duration_since(now)).ok()
    }
}

impl Level {
    fn new(max: u32) -> Self {
        Self { now: max, max, successes: 0 }
    }

    /// Says by how much it fell.
    fn halve(&mut self) -> u32 {
        let before = self.now;
        (self.now, self.successes) = ((before / 2).max(1), 0);
        before - self.now
    }

    /// Says whether it rose.
    fn succeed(&mut self) -> bool {
        if self.now == self.max {
            return false;
        }
        self.successes += 1;
        let rises = self.successes >= self.now;
        if rises {
            (self.now, self.successes) = (self.now + 1, 0);
        }
        rises
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn load(concurrency: usize) -> Load {
        Load::new(concurrency, None)
    }

    #[test]
    fn limits_are_halved_once_for_all_calls_under_way() {
        let mut load = Load::new(8, Some(100));
        let numbers = [0; 4].map(|_| load.begin());
        assert_eq!(load.throttled(numbers[0]), Places::Fewer(4));
        for number in numbers {
            assert_eq!(load.throttled(number), Places::Same);
        }
        assert_eq!((load.limit(), load.rate()), (4, Some(50)));
        let number = load.begin();
        assert_eq!(load.throttled(number), Places::Fewer(2));
        assert_eq!((load.limit(), load.rate()), (2, Some(25)));
    }

    #[test]
    fn limits_stay_at_one_at_least() {
        let mut load = Load::new(0, Some(0));
        let number = load.begin();
        assert_eq!(load.throttled(number), Places::Same);
        assert_eq!((load.limit(), load.rate()), (1, Some(1)));
    }

    #[test]
    fn a_halving_does_not_make_up_a_rate() {
        let mut load = load(8);
        load.throttled(0);
        assert_eq!(load.rate(), None);
    }

    #[test]
    fn as_many_successes_as_there_are_places_add_one() {
        let mut load = load(8);
        load.throttled(0);
        let rises: Vec<usize> = (0..30).filter(|_| load.succeeded() == Places::More(1)).collect();
        assert_eq!(rises, [3, 8, 14, 21]);
        assert_eq!(load.limit(), 8, "never more than at first");
    }

    #[test]
    fn a_place_that_is_owed_is_not_added_anew() {
        let mut load = load(2);
        assert_eq!(load.throttled(0), Places::Fewer(1));
        load.owe(1);
        assert_eq!(load.succeeded(), Places::Same);
        assert_eq!((load.limit(), load.repay()), (2, false));
    }

    #[test]
    fn the_longer_pause_counts() {
        let mut load = load(8);
        let seconds = Duration::from_secs;
        load.rest(now(), seconds(30));
        load.rest(now(), seconds(10));
        assert_eq!(load.pause(now()), Some(seconds(30)));
        load.rest(now() + seconds(5), seconds(60));
        assert_eq!(load.pause(now() + seconds(5)), Some(seconds(60)));
        assert_eq!(load.pause(now() + seconds(65)), None);
        assert_eq!(load.pause(now()), None, "a clock that was set back");
    }
}
