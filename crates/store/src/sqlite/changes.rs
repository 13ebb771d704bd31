//! Changes that were carried lately. The table is only appended to, because a random key in an index costs a page for each
//! change; the index is in memory, read once at start.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::rows::{millis, timestamp};
use crate::Change;

/// More changes than these are not remembered at once: the oldest go, and their echoes pass. About 60 MB.
const CHANGES_MAX: usize = 500_000;

/// The changes that may still have an echo, by subject.
#[derive(Debug, Default)]
pub(super) struct Changes {
    by_subject: HashMap<Uuid, Vec<Kept>>,
    /// In the order in which they came.
    order: VecDeque<(Uuid, u64)>,
    next: u64,
}

#[derive(Debug)]
struct Kept {
    number: u64,
    at: Timestamp,
    expires: Timestamp,
    facts: Box<[u64]>,
}

impl Changes {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut changes = Self::default();
        let mut select = connection.prepare("SELECT subject, at, expires, facts FROM change ORDER BY id")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (subject, at) = (Uuid::from_bytes(row.get(0)?), row.get(1)?);
            match row.get::<_, Option<Vec<u8>>>(3)? {
                Some(facts) => {
                    let expires = timestamp(row.get(2)?);
                    changes.insert(Change { subject, at: timestamp(at), expires, facts: facts_from_bytes(&facts) });
                }
                None => changes.forget(subject, at),
            }
        }
        Ok(changes)
    }

    pub(super) fn insert(&mut self, change: Change) {
        let Change { subject, at, expires, facts } = change;
        let number = self.next;
        self.next += 1;
        self.order.push_back((subject, number));
        let kept = Kept { number, at, expires, facts: facts.into() };
        self.by_subject.entry(subject).or_default().push(kept);
        while let Some((oldest, number)) = self.order.front().copied()
            && (self.order.len() > CHANGES_MAX || self.is_over(oldest, number, at))
        {
            self.order.pop_front();
            self.retain(oldest, |kept| kept.number != number);
        }
    }

    /// The changes of a subject that have not expired, oldest first.
    pub(super) fn of(&self, subject: Uuid, now: Timestamp) -> Vec<Change> {
        let kept = self.by_subject.get(&subject).into_iter().flatten().filter(|kept| kept.expires > now);
        kept.map(|kept| Change { subject, at: kept.at, expires: kept.expires, facts: kept.facts.to_vec() }).collect()
    }

    /// `before` in milliseconds: the end of time is more than a stored one can be.
    pub(super) fn forget(&mut self, subject: Uuid, before: i64) {
        self.retain(subject, |kept| millis(kept.at) >= before);
    }

    /// Forgotten or expired.
    fn is_over(&self, subject: Uuid, number: u64, now: Timestamp) -> bool {
        let kept = self.by_subject.get(&subject).and_then(|all| all.iter().find(|kept| kept.number == number));
        kept.is_none_or(|kept| kept.expires <= now)
    }

    fn retain(&mut self, subject: Uuid, stays: impl Fn(&Kept) -> bool) {
        if let Some(kept) = self.by_subject.get_mut(&subject) {
            kept.retain(stays);
            if kept.is_empty() {
                self.by_subject.remove(&subject);
            }
        }
    }
}

pub(super) fn append(connection: &Connection, change: &Change) -> rusqlite::Result<bool> {
    let facts: Vec<u8> = change.facts.iter().flat_map(|fact| fact.to_le_bytes()).collect();
    let changed = connection
        .prepare_cached("INSERT INTO change(subject, at, expires, facts) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![change.subject.as_bytes(), millis(change.at), millis(change.expires), facts])?;
    Ok(changed > 0)
}

/// A row without facts: what came before it and is older does not count any more. Rows are removed in their order, so
/// it outlives those.
pub(super) fn append_end(connection: &Connection, subject: Uuid, before: Timestamp) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached("INSERT INTO change(subject, at, expires) VALUES (?1, ?2, 0)")?
        .execute(params![subject.as_bytes(), millis(before)])?;
    Ok(changed > 0)
}

fn facts_from_bytes(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|fact| u64::from_le_bytes(*fact)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn memory_holds_no_more_than_what_may_have_an_echo() {
        let mut changes = Changes::default();
        for second in 0..1_000 {
            let subject = Uuid::from_u128(second % 10);
            let now = at(i64::try_from(second).unwrap());
            changes.insert(Change { subject, at: now, expires: at(now.as_second() + 60), facts: vec![1] });
        }
        assert_eq!(changes.order.len(), 60);
        assert_eq!(changes.by_subject.values().map(Vec::len).sum::<usize>(), 60);
        for subject in 0..10 {
            changes.forget(Uuid::from_u128(subject), i64::MAX);
        }
        assert!(changes.by_subject.is_empty());
        changes.insert(Change { subject: Uuid::nil(), at: at(1_000), expires: at(1_060), facts: Vec::new() });
        assert_eq!(changes.order.len(), 1);
    }
}
