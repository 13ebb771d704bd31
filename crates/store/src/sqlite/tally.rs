use std::collections::HashMap;

use rusqlite::Connection;

use super::rows::millis;
use crate::Attempt;

const MINUTE_MS: i64 = 60_000;

/// What a batch adds up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// A delivery may be due.
    pub(super) is_due: bool,
    /// How many more deliveries are open now.
    pub(super) opened: i64,
    /// Attempts and failures, by minute and registration.
    attempts: HashMap<(i64, i64), (u32, u32)>,
}

impl Tally {
    pub(super) fn count(&mut self, attempt: &Attempt) {
        let minute = millis(attempt.at).div_euclid(MINUTE_MS);
        let (attempts, failures) = self.attempts.entry((minute, attempt.lease.registration)).or_default();
        *attempts += 1;
        *failures += u32::from(!attempt.outcome.is_success());
    }

    /// One row for each minute and registration, however many attempts the batch has.
    pub(super) fn write_counts(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for ((minute, registration), (attempts, failures)) in self.attempts.drain() {
            connection
                .prepare_cached(
                    "INSERT INTO attempt_count(minute, registration, attempts, failures) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT(minute, registration) DO UPDATE
                     SET attempts = attempts + excluded.attempts, failures = failures + excluded.failures",
                )?
                .execute([minute, registration, attempts.into(), failures.into()])?;
        }
        Ok(())
    }
}
