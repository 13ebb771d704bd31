use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, millis, timestamp};
use super::trace;
use crate::{Attempt, Claim, Claimed, ClaimedDelivery, Outcome};

/// Leases what is due. A lease that ended without an outcome is due again.
pub(super) fn claim(connection: &Connection, claim: &Claim) -> rusqlite::Result<Claimed> {
    let now = millis(claim.now);
    let lease_ms = i64::try_from(claim.lease.as_millis()).unwrap_or(i64::MAX);
    let ends = now.saturating_add(lease_ms);
    let limit = i64::try_from(claim.deliveries_max).unwrap_or(i64::MAX);
    let mut deliveries = Vec::new();
    let mut due = connection.prepare_cached(
        "SELECT event, registration, attempts FROM delivery
         WHERE state IN (1, 2) AND due <= ?1 ORDER BY due, event LIMIT ?2",
    )?;
    let due: Vec<(i64, i64, u32)> = due
        .query_map([now, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (number, registration, attempts) in due {
        connection
            .prepare_cached(
                "UPDATE delivery SET state = 2, due = ?3, attempts = attempts + 1
                 WHERE event = ?1 AND registration = ?2",
            )?
            .execute([number, registration, ends])?;
        let event = connection.prepare_cached(rows::EVENT_BY_NUMBER)?.query_row([number], rows::event).optional()?;
        if let Some(event) = event {
            deliveries.push(ClaimedDelivery { registration, attempt: attempts.saturating_add(1), event });
        }
    }
    Ok(Claimed { deliveries, next_due: next_due(connection)?.map(timestamp) })
}

pub(super) fn next_due(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached("SELECT min(due) FROM delivery WHERE state IN (1, 2)")?.query_row([], |row| row.get(0))
}

/// Records an attempt. `is_due` is set when another delivery can run now.
///
/// Returns `false` when the lease had been lost: somebody else's attempt counts then.
pub(super) fn finish(connection: &Connection, attempt: &Attempt, is_due: &mut bool) -> rusqlite::Result<bool> {
    for activation in &attempt.activations {
        rows::insert_activation(connection, activation)?;
    }
    if let Some(trace) = &attempt.trace {
        trace::put(connection, trace)?;
    }
    let due = match attempt.outcome {
        Outcome::RetryAt(at) => Some(millis(at)),
        Outcome::Done | Outcome::Skipped | Outcome::Suppressed | Outcome::Refused | Outcome::Parked => None,
    };
    let state = attempt.outcome.state();
    let lanes: Option<Vec<u8>> = connection
        .prepare_cached(
            "UPDATE delivery SET state = ?4, due = coalesce(?5, due)
             WHERE event = ?1 AND registration = ?2 AND state = 2 AND attempts = ?3 RETURNING lanes",
        )?
        .query_row(params![attempt.event, attempt.registration, attempt.attempt, state.to_number(), due], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(lanes) = lanes else { return Ok(false) };
    if state.is_open() {
        *is_due = true;
    } else {
        leave_lanes(connection, attempt, &rows::lanes_from_bytes(&lanes), is_due)?;
    }
    Ok(true)
}

/// Ends a delivery's place in its lanes; whoever comes first now waits in one lane less.
fn leave_lanes(connection: &Connection, left: &Attempt, lanes: &[i64], is_due: &mut bool) -> rusqlite::Result<()> {
    for lane in lanes {
        connection
            .prepare_cached("DELETE FROM lane WHERE lane = ?1 AND event = ?2 AND registration = ?3")?
            .execute([*lane, left.event, left.registration])?;
        let next: Option<(i64, i64)> = connection
            .prepare_cached("SELECT event, registration FROM lane WHERE lane = ?1 ORDER BY event LIMIT 1")?
            .query_row([lane], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((event, registration)) = next {
            connection
                .prepare_cached(
                    "UPDATE delivery SET waits = waits - 1, state = CASE waits WHEN 1 THEN 1 ELSE state END
                     WHERE event = ?1 AND registration = ?2 AND state = 0",
                )?
                .execute([event, registration])?;
            *is_due = true;
        }
    }
    Ok(())
}

/// Ends the leases of an earlier process: nobody runs them any more.
pub(super) fn release_leases(connection: &Connection) -> rusqlite::Result<usize> {
    // Both conditions: the first lets the partial index serve.
    connection.execute(
        "UPDATE delivery SET state = 1, due = (SELECT at FROM event WHERE event.id = delivery.event)
         WHERE state IN (1, 2) AND state = 2",
        [],
    )
}
