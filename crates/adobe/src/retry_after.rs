use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;

/// No target's wish for a pause counts for more than this.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads `Retry-After` in both of its forms (RFC 9110, section 10.2.3): seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: Option<u64>) {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
    }

    #[test]
    fn both_forms_are_read_and_capped() {
        check("7", Some(7));
        check(" 0 ", Some(0));
        check("Sun, 22 Nov 2026 10:01:30 GMT", Some(90));
        check("Sun, 22 Nov 2026 09:00:00 GMT", Some(0));
        check("99999999", Some(86_400));
        check("soon", None);
        check("-1", None);
    }
}
