//! How often somebody may do something: counters that begin anew after a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use jiff::{SignedDuration, Timestamp};

/// Names counted at the same time. When there are more, those whose window is over make room; nobody new is let in
/// while there are none.
const NAMES_MAX: usize = 1_024;

/// Counts by name, each name in windows of a fixed length that begin with its first count.
#[derive(Debug)]
pub(crate) struct Windows {
    length: SignedDuration,
    counts: Mutex<HashMap<Box<str>, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Timestamp,
    count: u32,
}

/// The limit is reached; the whole seconds until it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) seconds: u64,
}

impl Windows {
    pub(crate) fn new(length: SignedDuration) -> Self {
        Self { length, counts: Mutex::default() }
    }

    /// Counts one more, unless there were `limit` in this window already.
    pub(crate) fn count(&self, name: &str, limit: u32, now: Timestamp) -> Result<(), Reached> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Window { ends: now.saturating_add(self.length).unwrap_or(now), count: 0 };
        if counts.len() == NAMES_MAX && !counts.contains_key(name) {
            counts.retain(|_, window| self.is_open(window, now));
            if counts.len() == NAMES_MAX {
                return Err(reached(&fresh, now));
            }
        }
        if !counts.contains_key(name) {
            counts.insert(name.into(), fresh);
        }
        let Some(window) = counts.get_mut(name) else { return Err(reached(&fresh, now)) };
        if !self.is_open(window, now) {
            *window = fresh;
        }
        if window.count >= limit {
            return Err(reached(window, now));
        }
        window.count += 1;
        Ok(())
    }

    /// A window that ends later than one that began now was opened before the clock was set back.
    fn is_open(&self, window: &Window, now: Timestamp) -> bool {
        now < window.ends && window.ends.duration_since(now) <= self.length
    }
}

fn reached(window: &Window, now: Timestamp) -> Reached {
    let left = window.ends.duration_since(now).as_millis().max(1);
    Reached { seconds: u64::try_from(left).unwrap_or(1).div_ceil(1_000) }
}

/// An answer that says when to come again.
pub(crate) fn again_after(seconds: u64, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: SignedDuration = SignedDuration::from_secs(5);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_000 + millis).expect("a time in this century")
    }

    #[test]
    fn a_window_ends_its_length_after_it_began() {
        let windows = Windows::new(LENGTH);
        assert_eq!(windows.count("a", 2, at(0)), Ok(()));
        assert_eq!(windows.count("a", 2, at(100)), Ok(()));
        assert_eq!(windows.count("a", 2, at(200)), Err(Reached { seconds: 5 }));
        assert_eq!(windows.count("b", 2, at(200)), Ok(()), "others are counted apart");
        assert_eq!(windows.count("a", 2, at(4_999)), Err(Reached { seconds: 1 }));
        assert_eq!(windows.count("a", 2, at(5_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nobody_up() {
        let windows = Windows::new(LENGTH);
        assert_eq!(windows.count("a", 1, at(1_000_000)), Ok(()));
        assert_eq!(windows.count("a", 1, at(0)), Ok(()));
        assert_eq!(windows.count("a", 1, at(1)), Err(Reached { seconds: 5 }));
    }

    #[test]
    fn names_make_room_when_their_window_is_over() {
        let windows = Windows::new(LENGTH);
        for number in 0..NAMES_MAX {
            assert_eq!(windows.count(&number.to_string(), 1, at(0)), Ok(()));
        }
        assert_eq!(windows.count("new", 1, at(4_000)), Err(Reached { seconds: 5 }));
        assert_eq!(windows.count("new", 1, at(5_000)), Ok(()));
    }
}
