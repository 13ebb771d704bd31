//! How many requests one client may send, counted without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// So many requests within so long. Whoever has used them up gets them back one by one.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    within_nanos: u64,
    /// How long it takes until one more is granted.
    cost_nanos: u64,
}

/// What a client has left: kept as the time at which it has everything again.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    full_at_nanos: AtomicU64,
}

impl Rate {
    pub fn new(requests: u32, within: Duration) -> Self {
        let within_nanos = nanos(within);
        Self { within_nanos, cost_nanos: (within_nanos / u64::from(requests.max(1))).max(1) }
    }
}

impl Allowance {
    /// Takes one request.
    ///
    /// # Errors
    /// None is left; how long it takes until one is.
    pub(super) fn take(&self, rate: Rate, now: Duration) -> Result<(), Duration> {
        let now_nanos = nanos(now);
        let after = |full_at: u64| full_at.max(now_nanos).saturating_add(rate.cost_nanos);
        let last = now_nanos.saturating_add(rate.within_nanos);
        let take = |full_at: u64| Some(after(full_at)).filter(|after| *after <= last);
        match self.full_at_nanos.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(full_at) => Err(Duration::from_nanos(after(full_at).saturating_sub(last))),
        }
    }

    pub(super) fn is_full(&self, now: Duration) -> bool {
        self.full_at_nanos.load(Ordering::Relaxed) <= nanos(now)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn as_many_requests_are_granted_as_were_set_and_come_back_one_by_one() {
        let (rate, allowance) = (Rate::new(5, MS(5_000)), Allowance::default());
        for _ in 0..5 {
            assert_eq!(allowance.take(rate, MS(100)), Ok(()));
        }
        assert_eq!(allowance.take(rate, MS(100)), Err(MS(1_000)));
        assert_eq!(allowance.take(rate, MS(700)), Err(MS(400)), "what was refused costs nothing");
        assert_eq!(allowance.take(rate, MS(1_100)), Ok(()));
        assert_eq!(allowance.take(rate, MS(1_100)), Err(MS(1_000)));
        assert!(!allowance.is_full(MS(6_099)));
        assert!(allowance.is_full(MS(6_100)));
    }

    proptest::proptest! {
        #[test]
        fn nobody_gets_more_than_twice_the_number_within_the_time(
            requests in 1_u32..50,
            steps in proptest::collection::vec(0_u64..200, 1..400),
        ) {
            let (rate, allowance) = (Rate::new(requests, MS(1_000)), Allowance::default());
            let (mut now, mut granted) = (0, Vec::new());
            for step in steps {
                now += step;
                if allowance.take(rate, MS(now)).is_ok() {
                    granted.push(now);
                }
            }
            for (index, begin) in granted.iter().enumerate() {
                let within = granted[index..].iter().take_while(|time| **time < begin + 1_000).count();
                proptest::prop_assert!(within <= requests as usize * 2);
            }
        }
    }
}
