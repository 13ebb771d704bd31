use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When a failed delivery is tried again. The schedule of I/O Events: 1, 2, 4, 8, 15, 15 ... minutes, for 24 hours.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The pause after the first attempt, the second, and so on; the last repeats.
    pub delays: Vec<Duration>,
    /// Counted from the event's acceptance; no attempt begins later.
    pub total: Duration,
}

impl Schedule {
    /// The time of the next attempt, or `None` when the schedule is over.
    ///
    /// `at_least` is the pause that the target asked for; it can lengthen a pause, never shorten it.
    pub fn next(
        &self,
        attempts: u32,
        accepted: Timestamp,
        now: Timestamp,
        at_least: Option<Duration>,
    ) -> Option<Timestamp> {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let delay = self.delays.get(index).or(self.delays.last())?;
        let delay = at_least.map_or(*delay, |wanted| wanted.max(*delay));
        let next = now.saturating_add(SignedDuration::try_from(delay).ok()?).ok()?;
        let last = accepted.saturating_add(SignedDuration::try_from(self.total).ok()?).ok()?;
        (next <= last).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        let minutes = [1, 2, 4, 8, 15];
        Schedule {
            delays: minutes.map(|minutes| Duration::from_secs(60 * minutes)).to_vec(),
            total: Duration::from_hours(24),
        }
    }

    fn check(attempts: u32, wanted_s: Option<u64>, next_s: Option<i64>) {
        let start = Timestamp::UNIX_EPOCH;
        let next = schedule().next(attempts, start, start, wanted_s.map(Duration::from_secs));
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
        check(1, Some(86_401), None);
    }

    #[test]
    fn a_day_holds_about_a_hundred_attempts() {
        let (schedule, start) = (schedule(), Timestamp::UNIX_EPOCH);
        let mut now = start;
        let mut attempts = 1;
        while let Some(next) = schedule.next(attempts, start, now, None) {
            now = next;
            attempts += 1;
        }
        assert_eq!(attempts, 100);
    }
}
