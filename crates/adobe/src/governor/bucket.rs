use std::time::Duration;

use jiff::Timestamp;

/// So much of a second's calls may begin at once after a time of quiet.
const BURST: Duration = Duration::from_millis(250);

const SECOND: Duration = Duration::from_secs(1);

/// A token bucket, counted in time: each call takes up `1/rate` of a second.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// What was taken up and has not passed yet.
    taken: Duration,
    at: Option<Timestamp>,
}

impl Bucket {
    /// The wait until one more call may begin; `None` when it is longer than this, and nothing is taken.
    pub fn reserve(&mut self, now: Timestamp, rate: u32, longest: Duration) -> Option<Duration> {
        // A clock that was set back has seen nothing pass.
        let passed = self.at.and_then(|at| Duration::try_from(now.duration_since(at)).ok()).unwrap_or_default();
        let (before, share) = (self.taken.saturating_sub(passed), SECOND / rate.max(1));
        (self.taken, self.at) = (before, Some(now));
        let taken = before.saturating_add(share);
        let wait = taken.saturating_sub(BURST.max(share));
        if wait > longest {
            return None;
        }
        self.taken = taken;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits of calls that come at these milliseconds.
    fn check(rate: u32, at: &[u64], waits: &[u64]) {
        let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut bucket = Bucket::default();
        let longest = Duration::from_secs(3);
        let found = at.iter().map(|at| bucket.reserve(start + Duration::from_millis(*at), rate, longest));
        let expected = waits.iter().map(|wait| Some(Duration::from_millis(*wait)));
        assert!(found.eq(expected), "{rate} {at:?}");
    }

    #[test]
    fn calls_wait_for_their_share() {
        check(1, &[0, 0, 0, 1_500, 9_000], &[0, 1_000, 2_000, 1_500, 0]);
        check(20, &[0, 0, 0, 0, 0, 0, 0, 100], &[0, 0, 0, 0, 0, 50, 100, 50]);
        check(1_000, &[0; 3], &[0; 3]);
    }

    #[test]
    fn who_would_wait_too_long_takes_nothing() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let (mut bucket, short) = (Bucket::default(), Duration::from_millis(10));
        assert_eq!(bucket.reserve(now, 1, short), Some(Duration::ZERO));
        for _ in 0..10 {
            assert_eq!(bucket.reserve(now, 1, short), None);
        }
        assert_eq!(bucket.reserve(now + Duration::from_secs(1), 1, short), Some(Duration::ZERO));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_calls() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut bucket = Bucket::default();
        bucket.reserve(now, 1, SECOND);
        let earlier = now - Duration::from_hours(1);
        assert_eq!(bucket.reserve(earlier, 1, SECOND), Some(SECOND));
        assert_eq!(bucket.reserve(earlier + 2 * SECOND, 1, SECOND), Some(Duration::ZERO));
    }
}
