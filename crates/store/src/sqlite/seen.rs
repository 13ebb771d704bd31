use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use rusqlite::Connection;

const DAY_MS: i64 = 86_400_000;

/// The uids of the dedupe window, in memory: hash to event number, one table for each day so that expiry drops a table
/// whole and growth never rehashes everything at once.
///
/// A hash leads to candidates; the stored row decides. Only the writer owns one.
#[derive(Debug)]
pub(super) struct Seen {
    window_ms: i64,
    /// Beyond so many uids the oldest days go before their time.
    uids_max: usize,
    uids: usize,
    /// The last day that went before its time.
    forgotten: Option<i64>,
    /// Oldest first.
    days: VecDeque<Day>,
}

/// What one uid takes, the room for growth included.
const UID_BYTES: u64 = 36;

#[derive(Debug)]
struct Day {
    number: i64,
    first: HashMap<i64, i64, BuildHasherDefault<Identity>>,
    /// Events whose hash another event of the day has too.
    others: Vec<(i64, i64)>,
}

impl Seen {
    /// Reads what the database remembers.
    pub(super) fn load(connection: &Connection, window: Duration, bytes_max: u64) -> rusqlite::Result<Self> {
        let window_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let newest: Option<i64> = connection.query_row("SELECT max(at) FROM seen", [], |row| row.get(0))?;
        let uids_max = usize::try_from(bytes_max / UID_BYTES).unwrap_or(usize::MAX);
        let mut seen = Self { window_ms, uids_max, uids: 0, forgotten: None, days: VecDeque::new() };
        let Some(newest) = newest else { return Ok(seen) };
        let mut statement = connection.prepare("SELECT event, hash, at FROM seen")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let at: i64 = row.get(2)?;
            if at > newest.saturating_sub(window_ms) {
                seen.insert(row.get(1)?, row.get(0)?, at);
            }
        }
        Ok(seen)
    }

    pub(super) fn window_ms(&self) -> i64 {
        self.window_ms
    }

    /// Events that may carry the uid behind this hash, newest day first.
    pub(super) fn candidates(&self, hash: i64) -> impl Iterator<Item = i64> {
        self.days.iter().rev().flat_map(move |day| {
            let others = day.others.iter().filter(move |(other, _)| *other == hash).map(|(_, event)| *event);
            day.first.get(&hash).copied().into_iter().chain(others)
        })
    }

    pub(super) fn insert(&mut self, hash: i64, event: i64, at: i64) {
        let number = at.div_euclid(DAY_MS);
        let oldest = at.saturating_sub(self.window_ms).div_euclid(DAY_MS);
        while self.days.front().is_some_and(|day| day.number < oldest) {
            self.drop_oldest();
        }
        if self.forgotten.is_some_and(|day| day < oldest) {
            self.forgotten = None;
        }
        // The day of this uid stays, whatever it takes: its table would be made anew for each one.
        while self.uids >= self.uids_max && self.days.front().is_some_and(|day| day.number < number) {
            self.forgotten = self.days.front().map(|day| day.number);
            self.drop_oldest();
            tracing::warn!(
                uids = self.uids,
                "the memory for uids is full: those of the oldest day are known no longer"
            );
        }
        self.uids += 1;
        let position = self.days.iter().rposition(|day| day.number <= number);
        let position = match position {
            Some(found) if self.days[found].number == number => found,
            before => {
                let position = before.map_or(0, |found| found + 1);
                self.days.insert(position, self.new_day(number));
                position
            }
        };
        let day = &mut self.days[position];
        if day.first.insert(hash, event).is_some_and(|replaced| {
            day.others.push((hash, replaced));
            true
        }) {
            tracing::debug!(event, "an event shares its uid's hash with another");
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(day) = self.days.pop_front() {
            self.uids = self.uids.saturating_sub(day.first.len() + day.others.len());
        }
    }

    /// How many days at the end of the window do not count.
    pub(super) fn days_forgotten(&self) -> u64 {
        let oldest_kept = self.days.front().map(|day| day.number);
        let (Some(forgotten), Some(oldest)) = (self.forgotten, oldest_kept) else { return 0 };
        let begin = self.days.back().map_or(0, |day| day.number).saturating_sub(self.window_ms / DAY_MS);
        u64::try_from(oldest.min(forgotten + 1).saturating_sub(begin)).unwrap_or(0)
    }

    /// A day starts with the room that the last one needed.
    fn new_day(&self, number: i64) -> Day {
        let room = self.days.back().map_or(0, |day| day.first.len());
        Day {
            number,
            first: HashMap::with_capacity_and_hasher(room, BuildHasherDefault::default()),
            others: Vec::new(),
        }
    }
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_i64(&mut self, number: i64) {
        self.0 = number.cast_unsigned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(days: u64) -> Seen {
        let window_ms = i64::try_from(days).unwrap() * DAY_MS;
        Seen { window_ms, uids_max: usize::MAX, uids: 0, forgotten: None, days: VecDeque::new() }
    }

    #[test]
    fn events_with_one_hash_are_all_candidates() {
        let mut seen = empty(8);
        seen.insert(5, 1, 0);
        seen.insert(5, 2, 1);
        seen.insert(5, 3, DAY_MS);
        let mut found: Vec<i64> = seen.candidates(5).collect();
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3]);
        assert_eq!(seen.candidates(6).count(), 0);
    }

    #[test]
    fn days_beyond_the_window_are_dropped_whole() {
        let mut seen = empty(2);
        for day in 0..10 {
            seen.insert(day, day, day * DAY_MS);
        }
        assert_eq!(seen.days.len(), 3);
        assert_eq!(seen.candidates(6).count(), 0);
        assert_eq!(seen.candidates(7).count(), 1);
    }

    #[test]
    fn an_event_of_an_earlier_day_finds_its_place() {
        let mut seen = empty(8);
        seen.insert(1, 1, 3 * DAY_MS);
        seen.insert(2, 2, DAY_MS);
        seen.insert(3, 3, 2 * DAY_MS);
        let numbers: Vec<i64> = seen.days.iter().map(|day| day.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
