use rusqlite::{Connection, OptionalExtension, params};

use super::lanes::{self, Placed};
use super::rows::{self, millis};
use super::tally::Tally;
use super::trace;
use crate::{Attempt, Outcome, Replay, Replayed, State};

/// Records an attempt.
///
/// Returns `false` when the lease had been lost: somebody else's attempt counts then.
pub(super) fn finish(connection: &Connection, attempt: &Attempt, tally: &mut Tally) -> rusqlite::Result<bool> {
    for activation in &attempt.activations {
        rows::insert_activation(connection, activation)?;
    }
    if let Some(trace) = &attempt.trace {
        trace::put(connection, trace)?;
    }
    let (lease, outcome) = (attempt.lease, attempt.outcome);
    let due = match outcome {
        Outcome::RetryAt(at) | Outcome::Unknown(at) => Some(millis(at)),
        Outcome::Done | Outcome::Skipped | Outcome::Suppressed | Outcome::Refused(_) | Outcome::Parked(_) => None,
    };
    // Once the effect is on record, what an earlier attempt left open counts no longer.
    let (has_effect, is_in_doubt) = match outcome {
        Outcome::Done => (true, false),
        Outcome::Parked(parked) => (parked.has_effect, parked.is_in_doubt),
        Outcome::Unknown(_) => (false, true),
        Outcome::Skipped | Outcome::Suppressed | Outcome::Refused(_) | Outcome::RetryAt(_) => (false, false),
    };
    let state = outcome.state();
    // Two statements cost less than one that returns what it changed: that needs a table of its own.
    let left: Option<(Vec<u8>, Option<i64>)> = connection
        .prepare_cached(
            "SELECT lanes, place FROM delivery
             WHERE event = ?1 AND registration = ?2 AND state = 2 AND attempts = ?3",
        )?
        .query_row(params![lease.event, lease.registration, lease.attempt], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((lanes, place)) = left else { return Ok(false) };
    connection
        .prepare_cached(
            "UPDATE delivery SET state = ?3, due = coalesce(?4, due), drawer = ?5, effect = max(effect, ?6),
                 doubt = CASE WHEN ?6 THEN ?7 ELSE max(doubt, ?7) END
             WHERE event = ?1 AND registration = ?2",
        )?
        .execute(params![
            lease.event,
            lease.registration,
            state.to_number(),
            due,
            outcome.drawer().map_or(0, crate::Drawer::to_number),
            has_effect,
            is_in_doubt
        ])?;
    tally.count(attempt);
    if state.is_open() {
        tally.is_due = true;
        return Ok(true);
    }
    tally.opened -= 1;
    if state != State::Blocking {
        let place = place.unwrap_or(lease.event);
        let left = Placed { event: lease.event, registration: lease.registration, place };
        lanes::leave(connection, left, &rows::lanes_from_bytes(&lanes), tally)?;
    }
    Ok(true)
}

/// Has the next attempt of a delivery begin now.
pub(super) fn hasten(connection: &Connection, event: i64, registration: i64, now: i64) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached("UPDATE delivery SET due = min(due, ?3) WHERE event = ?1 AND registration = ?2 AND state = 1")?
        .execute([event, registration, now])?;
    Ok(changed > 0)
}

/// How many deliveries are not at their end. Goes through all of them in order, which takes a hundredth of looking each
/// waiting one up.
pub(super) fn open(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM delivery WHERE state IN (0, 1, 2)", [], |row| row.get(0))
}

/// Puts a delivery that has ended back into its lanes, at a place behind everything that is there.
pub(super) fn replay(
    connection: &Connection,
    replay: &Replay,
    lanes: &[i64],
    place: i64,
    tally: &mut Tally,
) -> rusqlite::Result<Replayed> {
    let found: Option<(i64, bool)> = connection
        .prepare_cached("SELECT state, effect FROM delivery WHERE event = ?1 AND registration = ?2")?
        .query_row([replay.event, replay.registration], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((number, has_effect)) = found else { return Ok(Replayed::Gone) };
    let state = State::from_number(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number))?;
    if state.is_open() {
        return Ok(Replayed::Open);
    }
    if has_effect && !replay.repeats_effect {
        return Ok(Replayed::HasEffect);
    }
    // One that blocks its lanes is in them still.
    let waits = if state == State::Blocking {
        0
    } else {
        let placed = Placed { event: replay.event, registration: replay.registration, place };
        let waits = lanes::enter(connection, placed, lanes)?;
        connection
            .prepare_cached("UPDATE delivery SET lanes = ?3, place = ?4 WHERE event = ?1 AND registration = ?2")?
            .execute(params![replay.event, replay.registration, rows::lanes_to_bytes(lanes), place])?;
        waits
    };
    let state = if waits == 0 { State::Due } else { State::Waiting };
    // Whoever repeats an effect wants it again, so nothing is to be looked for.
    connection
        .prepare_cached(
            "UPDATE delivery SET state = ?3, due = ?4, waits = ?5, begun = ?4, base = attempts, replays = replays + 1,
                 drawer = 0, effect = 0, doubt = CASE WHEN ?6 THEN 0 ELSE doubt END
             WHERE event = ?1 AND registration = ?2",
        )?
        .execute(params![
            replay.event,
            replay.registration,
            state.to_number(),
            millis(replay.now),
            waits,
            has_effect
        ])?;
    tally.opened += 1;
    tally.is_due |= state == State::Due;
    Ok(Replayed::Queued)
}
