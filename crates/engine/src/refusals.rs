use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Refused requests of strangers that are recorded at once, and then each second: a flood of them must not fill the store
/// and push out what matters.
const BURST: f64 = 1_000.0;
const EACH_SECOND: f64 = 10.0;

/// How many refusals may still be recorded.
#[derive(Debug)]
pub(crate) struct Refusals(Mutex<Left>);

#[derive(Debug)]
struct Left {
    count: f64,
    at: Timestamp,
}

impl Refusals {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Left { count: BURST, at: now }))
    }

    /// Whether one more is recorded.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back gives nothing.
        let seconds = now.duration_since(left.at).as_secs_f64().max(0.0);
        left.count = (left.count + seconds * EACH_SECOND).min(BURST);
        left.at = now;
        let is_admitted = left.count >= 1.0;
        if is_admitted {
            left.count -= 1.0;
        }
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_at_once_and_then_ten_a_second() {
        let at = |seconds: i64| Timestamp::from_second(1_767_225_600 + seconds).unwrap();
        let refusals = Refusals::new(at(0));
        let admitted = |seconds: i64| (0..2_000).filter(|_| refusals.admits(at(seconds))).count();
        assert_eq!(admitted(0), 1_000);
        assert_eq!(admitted(0), 0);
        assert_eq!(admitted(1), 10);
        assert_eq!(admitted(-5), 0);
        assert_eq!(admitted(1), 60);
        assert_eq!(admitted(1_000), 1_000);
    }
}
