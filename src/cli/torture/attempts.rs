//! Whether the attempts of an event are counted from one on, and none comes after its end.

use std::collections::HashSet;

use store::{Activation, Filter, Listed, Reader, State, Status};

use super::finding::{Finding, Kind};

/// Of the events that took one attempt, one in so many is looked at; of all others each.
const ONE_IN: i64 = 16;
/// Runs of one event: two for each attempt.
const RUNS_MAX: usize = 2_000;

/// # Errors
/// The store cannot be read.
pub fn check(reader: &Reader, listed: &[Listed]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for listed in listed {
        if listed.delivery.attempts > 1 || listed.delivery.event % ONE_IN == 0 {
            let runs = reader.activations(&Filter { limit: RUNS_MAX, event: Some(listed.id), ..Filter::default() })?;
            findings.extend(check_runs(listed.delivery.state, listed.delivery.attempts, &runs).map(|wrong| Finding {
                event: Some(listed.id),
                uid: listed.uid.clone(),
                ..wrong
            }));
        }
    }
    Ok(findings)
}

/// `runs` is the record of one event, its publication included; a killed attempt has left none.
fn check_runs(state: State, attempts: u32, runs: &[Activation]) -> Option<Finding> {
    let runs: Vec<&Activation> = runs.iter().filter(|run| run.attempt > 0).collect();
    let wrong = |expected: &str, seen: String| Some(Finding::of_run(Kind::Back, expected, &seen));
    let mut known = HashSet::new();
    for run in &runs {
        if run.attempt > attempts {
            let seen = format!("a run of attempt {} on record", run.attempt);
            return wrong(&format!("attempts 1 to {attempts}"), seen);
        }
        if !known.insert((run.action.as_str(), run.attempt)) {
            return wrong(
                "one run of an action in each attempt",
                format!("two of `{}` in {}", run.action, run.attempt),
            );
        }
        if run.status == Status::Success && run.attempt < attempts {
            let seen = format!("{attempts} attempts, of which {} was done", run.attempt);
            return wrong("no attempt after one that was done", seen);
        }
    }
    let is_recorded = |run: &&Activation| run.attempt == attempts && run.status == Status::Success;
    if state == State::Done && !runs.iter().any(is_recorded) {
        return wrong("the record of the attempt that was done", format!("none of attempt {attempts}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn run(attempt: u32, status: Status) -> Activation {
        Activation {
            id: Uuid::new_v4(),
            cause: None,
            action: "product-backoffice/created".to_owned(),
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            status,
            result: String::new(),
            event: None,
            attempt,
            wait_ms: 0,
            detail: None,
            logs: None,
        }
    }

    fn check(attempts: u32, runs: &[(u32, Status)], is_fine: bool) {
        let recorded: Vec<Activation> = runs.iter().map(|(attempt, status)| run(*attempt, *status)).collect();
        let found = check_runs(State::Done, attempts, &recorded);
        assert_eq!(found.is_none(), is_fine, "{attempts} {runs:?} {found:?}");
    }

    #[test]
    fn attempts_count_up_to_the_one_that_is_done() {
        let (no, yes) = (Status::ApplicationError, Status::Success);
        check(1, &[(0, yes), (1, yes)], true);
        check(3, &[(1, no), (3, yes)], true);
        check(1, &[], false);
        check(2, &[(1, no), (3, yes)], false);
        check(2, &[(1, no), (1, no), (2, yes)], false);
        check(2, &[(1, yes), (2, yes)], false);
        check(2, &[(1, no), (2, no)], false);
    }
}
