use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::cli::moment::moment;
use crate::inspect::deliveries;

/// Which deliveries are meant.
#[derive(Debug, Args)]
pub struct Query {
    /// Only these states, with commas between: waiting, due, running, done, skipped, refused, parked, journaled,
    /// suppressed, blocking.
    #[arg(long)]
    state: Option<String>,
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
        let texts = [&self.state, &self.drawer, &self.registration, &self.code, &self.since, &self.until];
        texts.into_iter().all(Option::is_none)
    }

    /// What a kit is asked, without a limit.
    pub fn asked(&self, now: Timestamp) -> anyhow::Result<deliveries::Query> {
        Ok(deliveries::Query {
            state: self.state.clone(),
            drawer: self.drawer.clone(),
            registration: self.registration.clone(),
            code: self.code.clone(),
            since: self.since.as_deref().map(|text| moment("--since", text, now)).transpose()?,
            until: self.until.as_deref().map(|text| moment("--until", text, now)).transpose()?,
            ..deliveries::Query::default()
        })
    }
}

/// The query as a job's document has it; `registration` is the name of the one that is meant.
pub fn document(query: &deliveries::Query, registration: Option<String>) -> Value {
    let mut members = Map::new();
    let texts = [
        ("since", query.since.map(|since| since.to_string())),
        ("until", query.until.map(|until| until.to_string())),
        ("code", query.code.clone()),
        ("registration", registration),
        ("drawer", query.drawer.clone()),
    ];
    for (name, text) in texts {
        members.extend(text.map(|text| (name.to_owned(), Value::from(text))));
    }
    if let Some(state) = &query.state {
        members.insert("states".to_owned(), state.split(',').collect());
    }
    members.into()
}
