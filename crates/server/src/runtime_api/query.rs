//! What requests ask for in their query strings.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use axum::extract;
use http::Uri;
use jiff::Timestamp;

use super::Refused;

/// As Adobe has it.
const LIMIT_DEFAULT: usize = 30;
const LIMIT: RangeInclusive<usize> = 0..=50;
/// Nobody pages that far.
const SKIP: RangeInclusive<usize> = 0..=1_000_000;
/// Whoever waits does so for at most this long.
const WAIT_MS: RangeInclusive<u64> = 1..=60_000;

/// In the year 5138.
const TIME_MS_MAX: i64 = 99_999_999_999_999;

/// The names and values of a query string; of a name that comes again the first counts.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(uri: &Uri) -> Result<Self, Refused> {
        let pairs = extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        pairs.map(|extract::Query(pairs)| Self(pairs)).map_err(|_| Refused::bad("the query string cannot be read"))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_true(&self, name: &str) -> Result<bool, Refused> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refused::bad(format!("the query parameter `{name}` has to be `true` or `false`"))),
        }
    }

    fn number<T>(&self, name: &str, range: &RangeInclusive<T>) -> Result<Option<T>, Refused>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let (start, end) = (range.start(), range.end());
        number.map(Some).ok_or_else(|| {
            Refused::bad(format!("the query parameter `{name}` has to be a whole number from {start} to {end}"))
        })
    }

    /// So many milliseconds behind what is asked for, which counts from 1970; 0 says nothing.
    fn time(&self, name: &str, behind_ms: i64) -> Result<Option<Timestamp>, Refused> {
        let time = self.number(name, &(0..=TIME_MS_MAX))?.filter(|time| *time > 0);
        Ok(time.and_then(|time| Timestamp::from_millisecond(time + behind_ms).ok()))
    }
}

/// Which stretch of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) skip: usize,
    pub(super) limit: usize,
    /// Only how many there are.
    pub(super) is_count: bool,
}

impl Page {
    pub(super) fn of(query: &Query) -> Result<Self, Refused> {
        let limit = query.number("limit", &LIMIT)?.unwrap_or(LIMIT_DEFAULT);
        Ok(Self {
            skip: query.number("skip", &SKIP)?.unwrap_or(0),
            // None asks for as many as there may be.
            limit: if limit == 0 { *LIMIT.end() } else { limit },
            is_count: query.is_true("count")?,
        })
    }
}

/// Which activations.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Activations {
    pub(super) page: Page,
    /// `package/action`, or an action's name in any package.
    pub(super) name: Option<String>,
    pub(super) since: Option<Timestamp>,
    /// The first millisecond that is too late.
    pub(super) before: Option<Timestamp>,
    /// Whole records.
    pub(super) has_docs: bool,
}

impl Activations {
    pub(super) fn of(query: &Query) -> Result<Self, Refused> {
        let (page, has_docs) = (Page::of(query)?, query.is_true("docs")?);
        if page.is_count && has_docs {
            return Err(Refused::bad("the query parameters `count` and `docs` exclude each other"));
        }
        let name = query.text("name").filter(|name| !name.is_empty());
        Ok(Self {
            page,
            name: name.map(|name| without_namespace(name).to_owned()),
            since: query.time("since", 0)?,
            before: query.time("upto", 1)?,
            has_docs,
        })
    }
}

/// Of `/namespace/package/action` what stands behind the namespace: there is but one.
fn without_namespace(name: &str) -> &str {
    let rest = name.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    rest.map_or(name, |(_, rest)| rest)
}

/// How somebody waits for the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// None: not at all.
    pub(super) for_at_most: Option<Duration>,
    /// Only the result is wanted, without the record around it.
    pub(super) is_result: bool,
}

impl Waiting {
    pub(super) fn of(query: &Query) -> Result<Self, Refused> {
        let wait_ms = query.number("timeout", &WAIT_MS)?.unwrap_or(*WAIT_MS.end());
        let is_blocking = query.is_true("blocking")?;
        Ok(Self {
            for_at_most: is_blocking.then(|| Duration::from_millis(wait_ms)),
            is_result: query.is_true("result")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/x?{text}").parse().unwrap()).unwrap()
    }

    #[track_caller]
    fn check_refused<T: std::fmt::Debug>(read: Result<T, Refused>, expected: &str) {
        assert_eq!(read.unwrap_err().text(), expected);
    }

    #[test]
    fn a_list_is_paged_as_adobe_pages() {
        #[track_caller]
        fn check(text: &str, skip: usize, limit: usize) {
            assert_eq!(Page::of(&query(text)).unwrap(), Page { skip, limit, is_count: false });
        }
        check("", 0, 30);
        check("limit=0", 0, 50);
        check("skip=7&limit=50&count=false", 7, 50);
        check("limit=1&limit=2", 0, 1);
        for wrong in ["51", "-1", "1.5", "", "ten", "99999999999999999999"] {
            let expected = "the query parameter `limit` has to be a whole number from 0 to 50";
            check_refused(Page::of(&query(&format!("limit={wrong}"))), expected);
        }
        check_refused(
            Page::of(&query("skip=1000001")),
            "the query parameter `skip` has to be a whole number from 0 to 1000000",
        );
        check_refused(Page::of(&query("count=yes")), "the query parameter `count` has to be `true` or `false`");
    }

    #[test]
    fn activations_are_asked_for_by_name_and_time() {
        let asked = Activations::of(&query("name=%2Fns%2Fp%2Fa&since=1000&upto=0&docs=true")).unwrap();
        assert_eq!((asked.name.as_deref(), asked.has_docs), (Some("p/a"), true));
        assert_eq!((asked.since, asked.before), (Some(Timestamp::from_second(1).unwrap()), None));
        let before = Activations::of(&query("upto=1999")).unwrap().before;
        assert_eq!(before, Some(Timestamp::from_second(2).unwrap()), "whatever begins in that millisecond is wanted");
        for (name, expected) in [("a", "a"), ("p/a", "p/a"), ("/_/a", "a"), ("/a", "/a")] {
            assert_eq!(Activations::of(&query(&format!("name={name}"))).unwrap().name.as_deref(), Some(expected));
        }
        check_refused(
            Activations::of(&query("count=true&docs=true")),
            "the query parameters `count` and `docs` exclude each other",
        );
        let expected = "the query parameter `since` has to be a whole number from 0 to 99999999999999";
        check_refused(Activations::of(&query("since=yesterday")), expected);
        check_refused(Activations::of(&query(&format!("since={}", i64::MAX))), expected);
    }

    #[test]
    fn whoever_waits_says_for_how_long() {
        #[track_caller]
        fn check(text: &str, wait_ms: Option<u64>, is_result: bool) {
            let waiting = Waiting::of(&query(text)).unwrap();
            assert_eq!(waiting, Waiting { for_at_most: wait_ms.map(Duration::from_millis), is_result });
        }
        check("", None, false);
        check("timeout=5&result=true", None, true);
        check("blocking=true", Some(60_000), false);
        check("blocking=true&timeout=1", Some(1), false);
        for wrong in ["0", "60001", "1s"] {
            let expected = "the query parameter `timeout` has to be a whole number from 1 to 60000";
            check_refused(Waiting::of(&query(&format!("timeout={wrong}"))), expected);
        }
    }
}
