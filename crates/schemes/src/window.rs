use std::time::Duration;

use jiff::Timestamp;

use crate::Mismatch;

/// What libraries for these schemes allow.
pub const WINDOW_DEFAULT: Duration = Duration::from_mins(5);

/// A timestamp in seconds has 10 digits until the year 2286; more than 11 are milliseconds or nonsense.
const DIGITS_MAX: usize = 11;

/// What is called "now", and how far a request's time may be from it, in either direction.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub now: Timestamp,
    pub width: Duration,
}

impl Window {
    pub fn new(now: Timestamp, width: Duration) -> Self {
        Self { now, width }
    }

    /// When a request of this time begins to be stale; `text` is seconds since 1970 in digits.
    ///
    /// # Errors
    /// The text is no such number, or its time is too far from now.
    pub(crate) fn end_of(&self, header: &str, text: &str) -> Result<Timestamp, Mismatch> {
        let malformed = || Mismatch::Malformed { header: header.to_owned(), expected: "a time in seconds since 1970" };
        let is_number = (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: i64 = if is_number { text.parse().map_err(|_| malformed())? } else { return Err(malformed()) };
        let sent = Timestamp::from_second(seconds).map_err(|_| malformed())?;
        let off_s = seconds.saturating_sub(self.now.as_second());
        if off_s.unsigned_abs() > self.width.as_secs() {
            return Err(Mismatch::Clock { header: header.to_owned(), off_s, window: self.width });
        }
        // Whole seconds are compared, so the last one counts to its end.
        let kept = self.width.saturating_add(Duration::from_secs(1));
        Ok(sent.saturating_add(kept).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_two_sides() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let window = Window::new(Timestamp::from_second(1_700_000_000).unwrap(), WINDOW_DEFAULT);
            let found = window.end_of("x-time", text).err().map(|mismatch| mismatch.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        check("1700000000", None);
        check("1699999700", None);
        check("1700000300", None);
        check("1699999699", Some("the time in `x-time` is 301 s behind our clock, at most 300 s are allowed"));
        check("1700000301", Some("the time in `x-time` is 301 s ahead of our clock, at most 300 s are allowed"));
        for text in ["", "1700000000.0", "+1700000000", "-1", "1700000000000", " 1700000000", "now", "१७"] {
            check(text, Some("the header `x-time` is not a time in seconds since 1970"));
        }
    }
}
