use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When a failed delivery is tried again. The schedule of I/O Events: 1, 2, 4, 8, 15, 15 ... minutes, for 24 hours.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The pause after the first attempt, the second, and so on; the last repeats.
    pub delays: Vec<Duration>,
    /// The share of a pause by which it is longer or shorter, from 0 to 1: what failed together does not come back
    /// together.
    pub jitter: f64,
    /// Counted from the event's acceptance, or from its replay; no attempt begins later.
    pub total: Duration,
    pub attempts_max: u32,
    /// A target that asks for a longer pause gets this one.
    pub retry_after_max: Duration,
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    /// 1 for the first since the schedule begun.
    pub(crate) attempt: u32,
    pub(crate) begun: Timestamp,
    pub(crate) now: Timestamp,
    /// The pause that the target asked for; it can lengthen a pause, never shorten it.
    pub(crate) at_least: Option<Duration>,
    /// Decides on the jitter: the same lot has the same pause.
    pub(crate) lot: (i64, i64),
}

impl Schedule {
    /// The time of the next attempt, or `None` when the schedule is over.
    pub(crate) fn next(&self, failed: &Failed) -> Option<Timestamp> {
        if failed.attempt >= self.attempts_max {
            return None;
        }
        let index = usize::try_from(failed.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let delay = self.spread(*self.delays.get(index).or(self.delays.last())?, failed);
        let delay = failed.at_least.map_or(delay, |wanted| wanted.min(self.retry_after_max).max(delay));
        let next = failed.now.saturating_add(SignedDuration::try_from(delay).ok()?).ok()?;
        let last = failed.begun.saturating_add(SignedDuration::try_from(self.total).ok()?).ok()?;
        (next <= last).then_some(next)
    }

    fn spread(&self, delay: Duration, failed: &Failed) -> Duration {
        let mut hasher = DefaultHasher::new();
        (failed.lot, failed.attempt).hash(&mut hasher);
        // 32 bits are exact in a float; from -1 to 1.
        let chance = f64::from((hasher.finish() >> 32) as u32) / f64::from(u32::MAX) * 2.0 - 1.0;
        Duration::try_from_secs_f64(delay.as_secs_f64() * (1.0 + self.jitter * chance)).unwrap_or(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        let minutes = [1, 2, 4, 8, 15];
        Schedule {
            delays: minutes.map(|minutes| Duration::from_secs(60 * minutes)).to_vec(),
            jitter: 0.0,
            total: Duration::from_hours(24),
            attempts_max: 200,
            retry_after_max: Duration::from_hours(1),
        }
    }

    fn failed(attempt: u32) -> Failed {
        let (begun, now) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        Failed { attempt, begun, now, at_least: None, lot: (1, 1) }
    }

    fn check(attempt: u32, wanted_s: Option<u64>, next_s: Option<i64>) {
        let next = schedule().next(&Failed { at_least: wanted_s.map(Duration::from_secs), ..failed(attempt) });
        assert_eq!(next.map(Timestamp::as_second), next_s);
    }

    #[test]
    fn pauses_follow_the_list_and_the_last_repeats() {
        check(1, None, Some(60));
        check(2, None, Some(120));
        check(5, None, Some(900));
        check(90, None, Some(900));
    }

    #[test]
    fn a_target_can_ask_for_longer_but_not_for_shorter_or_for_ever() {
        check(1, Some(300), Some(300));
        check(1, Some(1), Some(60));
        check(1, Some(86_401), Some(3_600));
        check(1, Some(u64::MAX), Some(3_600));
    }

    #[test]
    fn attempts_and_time_end_it() {
        check(199, None, Some(900));
        check(200, None, None);
        let late = Timestamp::from_second(24 * 3_600 - 60).unwrap();
        assert_eq!(schedule().next(&Failed { now: late, ..failed(1) }).unwrap().as_second(), 24 * 3_600);
        assert_eq!(schedule().next(&Failed { now: late, ..failed(2) }), None);
    }

    #[test]
    fn jitter_spreads_pauses_evenly_around_their_length_and_stays_within_its_share() {
        let schedule = Schedule { jitter: 0.1, ..schedule() };
        let pauses = (0..1_000).map(|event| schedule.next(&Failed { lot: (event, 1), ..failed(1) }).unwrap());
        let pauses: Vec<i64> = pauses.map(Timestamp::as_millisecond).collect();
        assert!(pauses.iter().all(|pause| (54_000..=66_000).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < 55_000) && pauses.iter().any(|pause| *pause > 65_000));
        let mean = pauses.iter().sum::<i64>() / 1_000;
        assert!((59_500..=60_500).contains(&mean), "{mean}");
        assert_eq!(schedule.next(&failed(1)), schedule.next(&failed(1)), "the same lot, the same pause");
    }

    #[test]
    fn a_day_holds_about_a_hundred_attempts() {
        let schedule = schedule();
        let mut last = failed(1);
        while let Some(next) = schedule.next(&last) {
            last = Failed { now: next, attempt: last.attempt + 1, ..last };
        }
        assert_eq!(last.attempt, 100);
    }
}
