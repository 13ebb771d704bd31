use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use store::{DeliveryFilter, Drawer, State};

use crate::cli::local::{Registrations, one_of};

/// Which deliveries are meant.
#[derive(Debug, Args)]
pub struct Query {
    /// Only these states, with commas between: waiting, due, running, done, skipped, refused, parked, journaled,
    /// suppressed, blocking.
    #[arg(long, value_delimiter = ',')]
    state: Vec<String>,
    /// Whose fault it is: `target`, `payload` or `ours`.
    #[arg(long)]
    drawer: Option<String>,
    /// Only this registration, by name or slug.
    #[arg(long)]
    registration: Option<String>,
    /// Only events with this code.
    #[arg(long)]
    code: Option<String>,
    /// Accepted then or later: `2h` ago, or a time such as `2026-11-22T01:00:00+01:00`; without a zone it is UTC.
    #[arg(long)]
    since: Option<String>,
    /// Accepted before: `10m` ago, or a time.
    #[arg(long)]
    until: Option<String>,
}

impl Query {
    pub fn is_empty(&self) -> bool {
        let texts = [&self.drawer, &self.registration, &self.code, &self.since, &self.until];
        self.state.is_empty() && texts.into_iter().all(Option::is_none)
    }

    pub fn states(&self) -> anyhow::Result<Vec<State>> {
        self.state.iter().map(|text| one_of("state", text, &State::ALL, State::as_str)).collect()
    }

    /// The filter without its limit.
    pub fn filter(&self, registrations: &Registrations, now: Timestamp) -> anyhow::Result<DeliveryFilter> {
        let drawer = self.drawer.as_deref();
        Ok(DeliveryFilter {
            states: self.states()?,
            drawer: drawer.map(|text| one_of("drawer", text, &Drawer::ALL, Drawer::as_str)).transpose()?,
            registration: self.registration.as_deref().map(|name| registrations.number(name)).transpose()?,
            code: self.code.clone(),
            since: self.since.as_deref().map(|text| moment("--since", text, now)).transpose()?,
            until: self.until.as_deref().map(|text| moment("--until", text, now)).transpose()?,
            ..DeliveryFilter::default()
        })
    }
}

/// The filter as a job's document has it.
pub fn document(filter: &DeliveryFilter, registrations: &Registrations) -> Value {
    let mut members = Map::new();
    let texts = [
        ("since", filter.since.map(|since| since.to_string())),
        ("until", filter.until.map(|until| until.to_string())),
        ("code", filter.code.clone()),
        ("registration", filter.registration.map(|number| registrations.name(number))),
        ("drawer", filter.drawer.map(|drawer| drawer.as_str().to_owned())),
    ];
    for (name, text) in texts {
        members.extend(text.map(|text| (name.to_owned(), Value::from(text))));
    }
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    if !states.is_empty() {
        members.insert("states".to_owned(), states.into());
    }
    members.into()
}

/// A time, or how long ago. Without a zone it is UTC, as the tables print it.
fn moment(option: &str, text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
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
             `{}`; without a zone it is UTC",
            now.strftime("%FT%TZ")
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
