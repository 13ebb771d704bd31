use anyhow::bail;
use clap::Args;
use engine::PUBLISH;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{DeliveryFilter, Listed, Order, State};

use super::list::{as_json, cells, of_event};
use super::query::{Query, document};
use crate::cli::local::{Folder, Registrations};
use crate::cli::orders::Asking;
use crate::cli::table::plain;

/// Deliveries that are looked at in one go.
const PAGE: usize = 1_000;

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
    /// Empty: a query.
    events: Vec<String>,
    filter: DeliveryFilter,
    repeats_effect: bool,
}

pub async fn run(folder: &Folder, options: &Options) -> anyhow::Result<()> {
    let registrations = folder.registrations()?;
    let wanted = wanted(folder, options, &registrations)?;
    let mut told = Told { wanted: &wanted, registrations: &registrations, json: options.asking.json, before: "[" };
    let (mut sent, mut not_sent) = (0_u64, 0_u64);
    each_page(folder, &wanted, |page| {
        let refused = page.iter().filter(|listed| refusal(listed, &wanted, &registrations).is_some()).count() as u64;
        (sent, not_sent) = (sent + page.len() as u64 - refused, not_sent + refused);
        if options.dry_run {
            told.page(page);
        }
    })?;
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
    let document = order(&wanted, &registrations, options.rate);
    options.asking.place(folder, &document, &what, Some(sent)).await
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

fn wanted(folder: &Folder, options: &Options, registrations: &Registrations) -> anyhow::Result<Wanted> {
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
    if !is_query {
        let events = options.ids.iter().map(|id| event(folder, id)).collect::<anyhow::Result<_>>()?;
        let filter = DeliveryFilter::default();
        return Ok(Wanted { events, filter, repeats_effect: options.repeat_effect });
    }
    let now = Timestamp::now();
    let mut filter = options.query.filter(registrations, now)?;
    if filter.registration == Some(PUBLISH) {
        bail!("publications are no registration that a job could name\n  hint: replay them by the ids of their events");
    }
    if filter.states.is_empty() {
        filter.states = STATES.to_vec();
    }
    // What comes later was not looked at, so it is not meant.
    filter.until = Some(filter.until.unwrap_or(now));
    filter.order = Order::OldestFirst;
    Ok(Wanted { events: Vec::new(), filter, repeats_effect: false })
}

/// The id of the one event that is known by this id or uid.
fn event(folder: &Folder, known_by: &str) -> anyhow::Result<String> {
    let mut ids: Vec<String> = of_event(folder, known_by)?.iter().map(|listed| listed.id.to_string()).collect();
    ids.dedup();
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        several => bail!("`{known_by}` is the uid of several events\n  hint: name one of {}", several.join(", ")),
    }
}

/// Passes all deliveries that are meant, oldest first.
fn each_page(folder: &Folder, wanted: &Wanted, mut take: impl FnMut(&[Listed])) -> anyhow::Result<()> {
    if !wanted.events.is_empty() {
        let mut all = Vec::new();
        for id in &wanted.events {
            all.extend(of_event(folder, id)?);
        }
        all.sort_by_key(|listed| (listed.delivery.event, listed.delivery.registration));
        all.dedup_by_key(|listed| (listed.delivery.event, listed.delivery.registration));
        take(&all);
        return Ok(());
    }
    let mut filter = DeliveryFilter { limit: PAGE, ..wanted.filter.clone() };
    loop {
        let page = folder.reader.deliveries(&filter)?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.after = Some((last.delivery.event, last.delivery.registration));
        take(&page);
    }
}

/// Why a delivery would not be sent.
fn refusal(listed: &Listed, wanted: &Wanted, registrations: &Registrations) -> Option<&'static str> {
    let delivery = &listed.delivery;
    if delivery.state.is_open() {
        Some("still open, it will run by itself")
    } else if delivery.has_effect && !wanted.repeats_effect {
        Some("its effect is on record")
    } else {
        registrations.takes_nothing(delivery.registration)
    }
}

fn order(wanted: &Wanted, registrations: &Registrations, rate: u32) -> Value {
    let mut replay = json!({"rate_per_second": rate, "repeats_effect": wanted.repeats_effect});
    if wanted.events.is_empty() {
        replay["filter"] = document(&wanted.filter, registrations);
    } else {
        replay["ids"] = json!(wanted.events);
    }
    json!({"replay": replay})
}

/// What a dry run prints, page by page: it need not be held whole.
struct Told<'a> {
    wanted: &'a Wanted,
    registrations: &'a Registrations,
    json: bool,
    /// What stands before the next row of JSON.
    before: &'static str,
}

impl Told<'_> {
    fn page(&mut self, page: &[Listed]) {
        if self.json {
            for listed in page {
                let refusal = refusal(listed, self.wanted, self.registrations);
                let mut row = as_json(listed, self.registrations);
                row["sent"] = refusal.is_none().into();
                row["why_not"] = json!(refusal);
                print!("{}{row}", self.before);
                self.before = ",\n ";
            }
            return;
        }
        let mut table = plain(["Sent", "Accepted", "State", "Drawer", "Attempts", "Registration", "Event", "Event ID"]);
        for listed in page {
            let [cells @ .., _next] = cells(listed, self.registrations);
            let refusal = refusal(listed, self.wanted, self.registrations);
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
