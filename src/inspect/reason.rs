//! Why a delivery is where it is, in one line.

use serde_json::Value;
use store::{Activation, Filter, Listed, Reader, State};

use super::Registrations;
use crate::cli::table::printable;

/// Of the newest runs on an event these are looked at: one event goes to few registrations of the same action.
const RUNS_MAX: usize = 50;

/// Blockers that are named; one for each lane is the rule.
const NAMED_MAX: usize = 3;

/// For one that waits, what for; for another, the error text of its newest attempt.
pub fn of(reader: &Reader, registrations: &Registrations, listed: &Listed) -> anyhow::Result<Option<String>> {
    match listed.delivery.state {
        State::Waiting => waits_for(reader, registrations, listed),
        State::Done | State::Journaled => Ok(None),
        State::Due
        | State::Leased
        | State::Skipped
        | State::Refused
        | State::Parked
        | State::Suppressed
        | State::Blocking => newest_said(reader, registrations, listed),
    }
}

fn newest_said(reader: &Reader, registrations: &Registrations, listed: &Listed) -> anyhow::Result<Option<String>> {
    let runs = attempts(reader, registrations, listed)?;
    let result = runs.last().and_then(|run| serde_json::from_str(&run.result).ok());
    Ok(result.and_then(|result| said(&result)).map(|text| printable(&text)))
}

/// The recorded attempts of a delivery, oldest first.
pub fn attempts(reader: &Reader, registrations: &Registrations, listed: &Listed) -> anyhow::Result<Vec<Activation>> {
    let Some(action) = registrations.action(listed.delivery.registration) else { return Ok(Vec::new()) };
    let filter =
        Filter { limit: RUNS_MAX, action: Some(action.to_owned()), event: Some(listed.id), ..Filter::default() };
    let mut runs = reader.activations(&filter)?;
    runs.retain(|run| run.attempt > 0);
    runs.reverse();
    Ok(runs)
}

fn waits_for(reader: &Reader, registrations: &Registrations, listed: &Listed) -> anyhow::Result<Option<String>> {
    let blockers = reader.blockers(listed.delivery.event, listed.delivery.registration)?;
    let mut named: Vec<String> = Vec::new();
    for blocker in blockers.iter().take(NAMED_MAX) {
        let said = newest_said(reader, registrations, blocker)?;
        named.push(name(blocker, said));
    }
    if blockers.len() > NAMED_MAX {
        named.push(format!("{} more", blockers.len() - NAMED_MAX));
    }
    Ok((!named.is_empty()).then(|| format!("waits for {}", named.join(" and "))))
}

/// A delivery that lets others wait: its event, and all that says why.
fn name(blocker: &Listed, said: Option<String>) -> String {
    let next = next_attempt(blocker).map(|next| format!("next attempt {next}"));
    let mut words = vec![blocker.delivery.state.as_str().to_owned()];
    words.extend(next.into_iter().chain(said));
    format!("{} ({})", blocker.id, words.join("; "))
}

/// When it is tried again, if that is known.
pub fn next_attempt(listed: &Listed) -> Option<String> {
    (listed.delivery.state == State::Due).then(|| listed.delivery.due.strftime("%F %T").to_string())
}

/// What a run says about itself, in one line.
pub fn said(result: &Value) -> Option<String> {
    const PLACES: [&str; 7] = [
        "/error/body/error",
        "/body/error",
        "/body/response/error",
        "/body/response/message",
        "/body/response",
        "/body/message",
        "/error",
    ];
    let text = PLACES.iter().find_map(|place| result.pointer(place)?.as_str())?;
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_says_why_in_one_line() {
        fn check(result: &str, expected: Option<&str>) {
            let parsed = serde_json::from_str(result).unwrap_or_default();
            assert_eq!(said(&parsed).as_deref(), expected, "{result}");
        }
        check(r#"{"error":{"statusCode":404,"body":{"error":"not\n  there"}}}"#, Some("not there"));
        check(r#"{"statusCode":200,"body":{"type":"x","response":{"message":"updated"}}}"#, Some("updated"));
        check(r#"{"statusCode":200,"body":{"type":"x","response":"an echo"}}"#, Some("an echo"));
        check(r#"{"statusCode":400,"body":{"success":false,"error":"wrong"}}"#, Some("wrong"));
        check(r#"{"error":"it crashed"}"#, Some("it crashed"));
        check(r#"{"error":{"statusCode":500,"body":{"error":""}}}"#, None);
        check("{}", None);
        check("nothing", None);
    }
}
