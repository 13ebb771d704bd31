use jiff::Timestamp;
use jiff::fmt::temporal::SpanParser;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// How every position begins; whoever sees one in a log knows what it is.
const WORD: &str = "ledger";

/// Positions and durations are shorter.
const TEXT_BYTES_MAX: usize = 256;

/// What a request asks of a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) start: Start,
    /// As asked for, but no more than a page may have.
    pub(super) limit: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    Oldest,
    Since { position: String, number: i64 },
    Latest,
    Seek { text: String, at: Timestamp },
}

/// The place of an event in the journal of a registration.
pub fn position(registration: &str, number: i64) -> String {
    format!("{WORD}:{registration}:{}", Uuid::from_u128(u128::from(number.unsigned_abs())))
}

/// The number of the event at a position of this registration's journal.
pub fn number(registration: &str, position: &str) -> Option<i64> {
    let rest = position.strip_prefix(WORD)?.strip_prefix(':')?.strip_prefix(registration)?.strip_prefix(':')?;
    i64::try_from(Uuid::try_parse(rest).ok()?.as_u128()).ok()
}

impl Query {
    /// Reads a query string. Parameters that nobody knows are passed over, as Adobe's own links have some.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn parse(
        text: &str,
        registration: &str,
        now: Timestamp,
        limit_max: usize,
    ) -> Result<Self, &'static str> {
        let mut query = Self { start: Start::Oldest, limit: None };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let start = match &*name {
                "since" => Start::Since {
                    number: number(registration, &value).ok_or("`since` is no position of this journal")?,
                    position: value.into_owned(),
                },
                "latest" => match &*value {
                    "true" => Start::Latest,
                    "false" => continue,
                    _ => return Err("`latest` must be `true` or `false`"),
                },
                "seek" => seek(&value, now)?,
                "limit" => {
                    let limit = value.parse::<u64>().ok().filter(|limit| *limit > 0);
                    let limit = limit.ok_or("`limit` must be a positive whole number")?;
                    query.limit = Some(usize::try_from(limit).unwrap_or(limit_max).min(limit_max));
                    continue;
                }
                _ => continue,
            };
            if query.start != Start::Oldest {
                return Err("`since`, `latest` and `seek` do not go together");
            }
            query.start = start;
        }
        Ok(query)
    }
}

fn seek(text: &str, now: Timestamp) -> Result<Start, &'static str> {
    const WRONG: &str = "`seek` must be a negative duration as in ISO 8601: `-PT2H`";
    if !text.is_ascii() || !text.starts_with("-P") || text.len() > TEXT_BYTES_MAX {
        return Err(WRONG);
    }
    let span = SpanParser::new().parse_span(text).map_err(|_| WRONG)?;
    // Before the beginning of time there is nothing either.
    let at = now.to_zoned(TimeZone::UTC).checked_add(span).map_or(Timestamp::MIN, |at| at.timestamp());
    Ok(Start::Seek { text: text.to_owned(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRATION: &str = "7c4d0b5e-54d1-4f6a-9f0c-6f6f0d6f8f11";

    fn parse(text: &str) -> Result<Query, &'static str> {
        Query::parse(text, REGISTRATION, "2026-01-10T12:00:00Z".parse().expect("a time"), 1_000)
    }

    #[test]
    fn a_position_leads_back_to_its_number_in_its_own_journal_only() {
        for place in [0, 1, 4_711, i64::MAX] {
            let position = position(REGISTRATION, place);
            assert_eq!(number(REGISTRATION, &position), Some(place));
            assert_eq!(number("another", &position), None);
        }
        let wrong = [
            "",
            "ledger",
            "ledger::",
            "ledger:7c4d0b5e-54d1-4f6a-9f0c-6f6f0d6f8f11:5",
            "ledger:7c4d0b5e-54d1-4f6a-9f0c-6f6f0d6f8f11:ffffffff-ffff-ffff-ffff-ffffffffffff",
            "rabbit:7c4d0b5e-54d1-4f6a-9f0c-6f6f0d6f8f11:00000000-0000-0000-0000-000000000005",
        ];
        for position in wrong {
            assert_eq!(number(REGISTRATION, position), None, "{position}");
        }
    }

    #[test]
    fn a_query_begins_at_one_place() {
        assert_eq!(parse(""), Ok(Query { start: Start::Oldest, limit: None }));
        assert_eq!(parse("latest=true&limit=7"), Ok(Query { start: Start::Latest, limit: Some(7) }));
        assert_eq!(parse("latest=false&other=x"), Ok(Query { start: Start::Oldest, limit: None }));
        let position = position(REGISTRATION, 5);
        let start = Start::Since { position: position.clone(), number: 5 };
        assert_eq!(parse(&format!("since={position}&limit=5000")), Ok(Query { start, limit: Some(1_000) }));
        for wrong in ["since=", "since=x", "latest=1", "limit=0", "limit=-1", "limit=", "limit=1.5", "seek="] {
            parse(wrong).expect_err(wrong);
        }
        for wrong in ["latest=true&seek=-PT1H", "seek=-PT1H&seek=-PT1H"] {
            parse(wrong).expect_err(wrong);
        }
        parse(&format!("since={position}&seek=-PT1H")).expect_err("both");
    }

    #[test]
    fn a_seek_is_a_negative_duration() {
        let check = |text: &str, expected: &str| {
            let at = expected.parse().expect("a time");
            let start = Start::Seek { text: text.to_owned(), at };
            assert_eq!(parse(&format!("seek={text}")), Ok(Query { start, limit: None }));
        };
        check("-PT2H", "2026-01-10T10:00:00Z");
        check("-P1D", "2026-01-09T12:00:00Z");
        check("-P1M1DT30S", "2025-12-09T11:59:30Z");
        for wrong in ["PT2H", "-2 hours", "-P", "-PT", "-PT2H ago", "2h", "%E2%88%92PT2H", "--PT2H"] {
            parse(&format!("seek={wrong}")).expect_err(wrong);
        }
        check("-P15000Y", &Timestamp::MIN.to_string());
    }
}
