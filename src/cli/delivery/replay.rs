use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::State;

use super::list::{cells, words};
use super::query::{Query, document};
use crate::cli::orders::Asking;
use crate::cli::registration;
use crate::cli::source::Source;
use crate::cli::table::{cell, plain, rows};
use crate::inspect::Look;
use crate::inspect::deliveries::{self, place};
use crate::inspect::registrations::PUBLICATION;

/// Deliveries that are looked at in one go.
const PAGE: u16 = 1_000;

/// What will run by itself.
const OPEN: [State; 3] = [State::Waiting, State::Due, State::Leased];

/// What a query without states means: all that waits for a person, or was refused.
const STATES: [State; 3] = [State::Refused, State::Parked, State::Blocking];

#[derive(Debug, Args)]
pub struct Options {
    /// Events, by id or by the uid that their sender gave them: all their deliveries.
    #[arg(num_args = 0..=1000)]
    ids: Vec<String>,
    #[command(flatten)]
    query: Query,
    /// How many begin in one second at the most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Only print what would be sent, in order, and what would not, and why.
    #[arg(long)]
    dry_run: bool,
    /// Also what had its effect: it will have it twice. Only with ids.
    #[arg(long)]
    repeat_effect: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What is asked for, resolved.
struct Wanted {
    /// Their ids. Empty: a query.
    events: Vec<String>,
    query: deliveries::Query,
    /// The name of the registration that the query names.
    registration: Option<String>,
    repeats_effect: bool,
}

pub async fn run(source: &Source, options: &Options) -> anyhow::Result<()> {
    let wanted = wanted(source, options).await?;
    let mut told = Told { wanted: &wanted, json: options.asking.json, before: "[" };
    let (mut sent, mut not_sent) = (0_u64, 0_u64);
    let mut pages = Pages { source, wanted: &wanted, after: None, is_over: false };
    while let Some(page) = pages.next().await? {
        let refused = page.iter().filter(|row| refusal(row, &wanted).is_some()).count() as u64;
        (sent, not_sent) = (sent + page.len() as u64 - refused, not_sent + refused);
        if options.dry_run {
            told.page(&page);
        }
    }
    if options.dry_run {
        told.end(sent, not_sent);
        return Ok(());
    }
    if sent == 0 {
        return nothing(not_sent);
    }
    let question = format!("replay {sent} of {} deliveries, at most {} a second?", sent + not_sent, options.rate);
    options.asking.confirm.confirm(&question, "`--dry-run` shows what would be sent")?;
    let what = format!("{sent} of {} deliveries are to be replayed", sent + not_sent);
    options.asking.place(source, &order(&wanted, options.rate), &what, Some(sent)).await
}

/// Says that a replay would send nothing; `not_sent` deliveries were meant.
fn nothing(not_sent: u64) -> anyhow::Result<()> {
    if not_sent == 0 {
        bail!(
            "there is nothing to replay: no delivery is like that\n  hint: `kit delivery list` takes the same options; \
             without `--state` a replay means refused, parked and blocking"
        );
    }
    bail!(
        "there is nothing to replay: none of {not_sent} deliveries would be sent\n  hint: `--dry-run` says why; \
         `--repeat-effect`, with ids, also sends what had its effect"
    )
}

async fn wanted(source: &Source, options: &Options) -> anyhow::Result<Wanted> {
    let is_query = !options.query.is_empty();
    match (options.ids.is_empty(), is_query) {
        (true, false) => bail!(
            "nothing says what to replay\n  hint: name events by their ids, or say for example `--since 2h --code CODE`; \
             `kit delivery list --undelivered` shows what there is"
        ),
        (false, true) => bail!("ids and a query do not go together\n  hint: leave one of the two out"),
        (true, true) | (false, false) => {}
    }
    if options.repeat_effect && is_query {
        bail!(
            "`--repeat-effect` goes with ids only: a query could repeat more than was meant\n  hint: name the events by \
             their ids; `kit delivery list` shows them"
        );
    }
    let repeats_effect = options.repeat_effect;
    if !is_query {
        let mut events = Vec::new();
        for id in &options.ids {
            events.push(event(source, id).await?);
        }
        let query = deliveries::Query::default();
        return Ok(Wanted { events, query, registration: None, repeats_effect });
    }
    let now = Timestamp::now();
    let mut query = options.query.asked(now)?;
    let registration = match &query.registration {
        Some(wanted) if wanted == PUBLICATION => bail!(
            "publications are no registration that a job could name\n  hint: replay them by the ids of their events"
        ),
        Some(wanted) => Some(cell(registration::find(&source.ask(&Look::Registrations).await?, wanted)?, "name")),
        None => None,
    };
    if query.state.is_none() {
        query.state = Some(words(&STATES));
    }
    // What comes later was not looked at, so it is not meant.
    query.until = Some(query.until.unwrap_or(now));
    query.oldest_first = Some(true);
    Ok(Wanted { events: Vec::new(), query, registration, repeats_effect })
}

/// The id of the one event that is known by this id or uid.
async fn event(source: &Source, known_by: &str) -> anyhow::Result<String> {
    let found = source.ask(&Look::Delivery(known_by.to_owned())).await?;
    let mut ids: Vec<String> = rows(&found).iter().map(|row| cell(row, "event")).collect();
    ids.dedup();
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        several => bail!("`{known_by}` is the uid of several events\n  hint: name one of {}", several.join(", ")),
    }
}

/// All deliveries that are meant, oldest first.
struct Pages<'a> {
    source: &'a Source,
    wanted: &'a Wanted,
    after: Option<String>,
    is_over: bool,
}

impl Pages<'_> {
    async fn next(&mut self) -> anyhow::Result<Option<Vec<Value>>> {
        if self.is_over {
            return Ok(None);
        }
        if !self.wanted.events.is_empty() {
            self.is_over = true;
            return self.of_events().await.map(Some);
        }
        let query = deliveries::Query { limit: Some(PAGE), after: self.after.take(), ..self.wanted.query.clone() };
        let page = self.source.ask(&Look::Deliveries(query)).await?;
        self.after = rows(&page).last().map(|row| cell(row, "cursor"));
        self.is_over = self.after.is_none();
        Ok((!self.is_over).then(|| rows(&page).to_vec()))
    }

    async fn of_events(&self) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        for id in &self.wanted.events {
            all.extend(rows(&self.source.ask(&Look::Delivery(id.clone())).await?).iter().cloned());
        }
        all.sort_by_key(|row| place(&cell(row, "cursor")).ok());
        all.dedup_by_key(|row| cell(row, "cursor"));
        Ok(all)
    }
}

/// Why a delivery would not be sent.
fn refusal(row: &Value, wanted: &Wanted) -> Option<String> {
    if OPEN.iter().any(|state| row["state"] == state.as_str()) {
        Some("still open, it will run by itself".to_owned())
    } else if row["has_effect"] == true && !wanted.repeats_effect {
        Some("its effect is on record".to_owned())
    } else {
        row["undeliverable"].as_str().map(str::to_owned)
    }
}

fn order(wanted: &Wanted, rate: u32) -> Value {
    let mut replay = json!({"rate_per_second": rate, "repeats_effect": wanted.repeats_effect});
    if wanted.events.is_empty() {
        replay["filter"] = document(&wanted.query, wanted.registration.clone());
    } else {
        replay["ids"] = json!(wanted.events);
    }
    json!({"replay": replay})
}

/// What a dry run prints, page by page: it need not be held whole.
struct Told<'a> {
    wanted: &'a Wanted,
    json: bool,
    /// What stands before the next row of JSON.
    before: &'static str,
}

impl Told<'_> {
    fn page(&mut self, page: &[Value]) {
        if self.json {
            for row in page {
                let refusal = refusal(row, self.wanted);
                let mut row = row.clone();
                row["sent"] = refusal.is_none().into();
                row["why_not"] = json!(refusal);
                print!("{}{row}", self.before);
                self.before = ",\n ";
            }
            return;
        }
        let mut table = plain(["Sent", "Accepted", "State", "Drawer", "Attempts", "Registration", "Event", "Event ID"]);
        for row in page {
            let [cells @ .., _next] = cells(row);
            let refusal = refusal(row, self.wanted);
            let sent = refusal.map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
            table.add_row([sent].into_iter().chain(cells));
        }
        println!("{}", table.trim_fmt());
    }

    fn end(self, sent: u64, not_sent: u64) {
        match (self.json, self.before) {
            (true, "[") => println!("[]"),
            (true, _) => println!("]"),
            (false, _) => println!("{sent} would be sent, {not_sent} would not; nothing was changed"),
        }
    }
}
