//! The order of deliveries. A lane has one delivery that holds it; the others wait, and each of them counts the lanes in
//! which it does. A lane is handed on by place, and nothing gets a place before what is there: so two deliveries never
//! wait for each other.

use rusqlite::{Connection, OptionalExtension};

use super::tally::Tally;

/// A delivery on its way through lanes.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) event: i64,
    pub(super) registration: i64,
    pub(super) place: i64,
}

/// Puts a delivery at the end of its lanes; returns in how many of them it waits.
pub(super) fn enter(connection: &Connection, placed: Placed, lanes: &[i64]) -> rusqlite::Result<i64> {
    let mut waits = 0;
    for lane in lanes {
        let is_busy = connection
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM lane WHERE lane = ?1)")?
            .query_row([lane], |row| row.get::<_, bool>(0))?;
        waits += i64::from(is_busy);
        connection
            .prepare_cached("INSERT INTO lane(lane, place, event, registration, holds) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute([*lane, placed.place, placed.event, placed.registration, i64::from(!is_busy)])?;
    }
    Ok(waits)
}

/// Ends a delivery's place in its lanes; those that it held go to whoever is next.
pub(super) fn leave(connection: &Connection, left: Placed, lanes: &[i64], tally: &mut Tally) -> rusqlite::Result<()> {
    for lane in lanes {
        let key = [*lane, left.place, left.event, left.registration];
        let held: Option<bool> = connection
            .prepare_cached(
                "SELECT holds FROM lane WHERE lane = ?1 AND place = ?2 AND event = ?3 AND registration = ?4",
            )?
            .query_row(key, |row| row.get(0))
            .optional()?;
        connection
            .prepare_cached("DELETE FROM lane WHERE lane = ?1 AND place = ?2 AND event = ?3 AND registration = ?4")?
            .execute(key)?;
        if held == Some(true) {
            hand_on(connection, *lane, tally)?;
        }
    }
    Ok(())
}

fn hand_on(connection: &Connection, lane: i64, tally: &mut Tally) -> rusqlite::Result<()> {
    let next: Option<(i64, i64, i64)> = connection
        .prepare_cached(
            "SELECT place, event, registration FROM lane WHERE lane = ?1 ORDER BY place, event, registration LIMIT 1",
        )?
        .query_row([lane], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((place, event, registration)) = next else { return Ok(()) };
    connection
        .prepare_cached(
            "UPDATE lane SET holds = 1 WHERE lane = ?1 AND place = ?2 AND event = ?3 AND registration = ?4",
        )?
        .execute([lane, place, event, registration])?;
    connection
        .prepare_cached(
            "UPDATE delivery SET waits = waits - 1, state = CASE waits WHEN 1 THEN 1 ELSE state END
             WHERE event = ?1 AND registration = ?2 AND state = 0",
        )?
        .execute([event, registration])?;
    tally.is_due = true;
    Ok(())
}
