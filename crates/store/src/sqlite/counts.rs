//! How much lies where, for people.

use rusqlite::Connection;

use crate::{State, StateCount};

/// What is not delivered, by registration and state; only the rows of the narrow indexes are read.
const UNDELIVERED: [&str; 3] = [
    "SELECT registration, state, count(*) FROM delivery INDEXED BY delivery_open
     WHERE state IN (1, 2) GROUP BY registration, state",
    "SELECT registration, state, count(*) FROM delivery INDEXED BY delivery_failed
     WHERE (state = 5 OR state = 6 OR state = 9) GROUP BY registration, state",
    "SELECT registration, 0, count(*) FROM (SELECT DISTINCT event, registration FROM lane WHERE holds = 0) GROUP BY registration",
];

pub(super) fn undelivered(connection: &Connection) -> rusqlite::Result<Vec<StateCount>> {
    let mut counts = Vec::new();
    for select in UNDELIVERED {
        let mut statement = connection.prepare_cached(select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let state: i64 = row.get(1)?;
            counts.push(StateCount {
                registration: row.get(0)?,
                state: State::from_number(state).ok_or(rusqlite::Error::IntegralValueOutOfRange(1, state))?,
                count: row.get::<_, i64>(2)?.cast_unsigned(),
            });
        }
    }
    Ok(counts)
}
