//! Times, as people say them to commands.

use anyhow::{Context, bail};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A time, or how long ago. Without a zone it is UTC, as the tables print it.
pub fn moment(option: &str, text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let is_zoned = text.contains(['Z', 'z', '+', '[']);
    if let Ok(at) = text.parse::<DateTime>()
        && !is_zoned
    {
        return at
            .to_zoned(TimeZone::UTC)
            .map(|at| at.timestamp())
            .with_context(|| format!("`{option} {text}` is no time"));
    }
    let ago = text.parse::<SignedDuration>().ok().filter(|ago| !ago.is_negative());
    let Some(ago) = ago else {
        bail!(
            "`{option} {text}` is no time\n  hint: say how long ago, such as `2h`, `90m` or `3h 30m`, or a time, such as \
             `2026-11-22T01:00:00Z`; without a zone it is UTC"
        );
    };
    now.checked_sub(ago).with_context(|| format!("`{option} {text}` is before all times"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_itself_or_as_how_long_ago() {
        fn check(text: &str, expected: Option<&str>) {
            let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
            let found = moment("--since", text, now).ok().map(|at| at.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        check("2h", Some("2026-11-22T10:00:00Z"));
        check("1h 30m", Some("2026-11-22T10:30:00Z"));
        check("PT2H", Some("2026-11-22T10:00:00Z"));
        check("48h", Some("2026-11-20T12:00:00Z"));
        check("2026-11-22T01:00:00+01:00", Some("2026-11-22T00:00:00Z"));
        check("-2h", None);
        check("2", None);
        check("yesterday", None);
        check("2026-11-22 01:00:00", Some("2026-11-22T01:00:00Z"));
        check("2026-11-22T01:30", Some("2026-11-22T01:30:00Z"));
        check("2026-11-22", Some("2026-11-22T00:00:00Z"));
        check("2026-11-22T25:00Z", None);
        check("2026-11-32", None);
        check("", None);
    }
}
