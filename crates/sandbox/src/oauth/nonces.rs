//! The nonces that are used up. Each is remembered as long as its timestamp is good, or up to a number of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Problem;

/// How far the clock of the one who signs may be off, either way.
pub const TIMESTAMP_DEVIATION_S: u64 = 600;
const NONCES_MAX: usize = 200_000;

/// Invariant: a nonce that is forgotten has a timestamp that is refused, so nothing is taken twice.
#[derive(Debug)]
pub struct Nonces {
    used: HashSet<Arc<str>>,
    by_timestamp: BTreeMap<i64, Vec<Arc<str>>>,
    /// The latest timestamp whose nonces were forgotten.
    forgotten: Option<i64>,
    count_max: usize,
}

impl Nonces {
    pub fn new(count_max: usize) -> Self {
        Self { used: HashSet::new(), by_timestamp: BTreeMap::new(), forgotten: None, count_max }
    }

    /// The timestamp is known to be near `now`; both are in seconds.
    pub fn use_up(&mut self, nonce: &str, timestamp: i64, now: i64) -> Result<(), Problem> {
        while let Some(oldest) = self.by_timestamp.first_entry()
            && now.saturating_sub_unsigned(TIMESTAMP_DEVIATION_S) > *oldest.key()
        {
            let (timestamp, nonces) = oldest.remove_entry();
            self.forget(timestamp, &nonces);
        }
        if self.forgotten.is_some_and(|forgotten| timestamp <= forgotten) {
            return Err(Problem::TimestampRefused);
        }
        let nonce: Arc<str> = Arc::from(nonce);
        if !self.used.insert(nonce.clone()) {
            return Err(Problem::NonceUsed);
        }
        self.by_timestamp.entry(timestamp).or_default().push(nonce);
        while self.used.len() > self.count_max
            && let Some((timestamp, nonces)) = self.by_timestamp.pop_first()
        {
            self.forget(timestamp, &nonces);
        }
        Ok(())
    }

    fn forget(&mut self, timestamp: i64, nonces: &[Arc<str>]) {
        for nonce in nonces {
            self.used.remove(nonce);
        }
        self.forgotten = Some(timestamp);
    }
}

impl Default for Nonces {
    fn default() -> Self {
        Self::new(NONCES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_remembered_as_long_as_its_timestamp_is_good() {
        let mut nonces = Nonces::new(10);
        assert_eq!(nonces.use_up("a", 1_500, 1_000), Ok(()));
        assert_eq!(nonces.use_up("a", 1_500, 1_000), Err(Problem::NonceUsed));
        assert_eq!(nonces.use_up("a", 2_000, 2_100), Err(Problem::NonceUsed), "another timestamp does not free it");
        assert_eq!(nonces.use_up("b", 2_101, 2_101), Ok(()));
        assert_eq!(nonces.use_up("a", 2_101, 2_101), Ok(()), "1500 is no longer good");
        assert_eq!(nonces.used.len(), 2);
    }

    #[test]
    fn what_was_forgotten_to_make_room_is_refused_by_its_timestamp() {
        let mut nonces = Nonces::new(2);
        for (nonce, timestamp) in [("b", 101), ("a", 100), ("c", 102)] {
            assert_eq!(nonces.use_up(nonce, timestamp, 100), Ok(()));
        }
        assert_eq!(nonces.used.len(), 2);
        assert_eq!(nonces.use_up("a", 100, 100), Err(Problem::TimestampRefused));
        assert_eq!(nonces.use_up("new", 99, 100), Err(Problem::TimestampRefused));
        assert_eq!(nonces.use_up("b", 101, 100), Err(Problem::NonceUsed));
    }
}
