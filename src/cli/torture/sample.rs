//! States that were seen while the program lived: none of them may go back later.

use std::collections::HashMap;
use std::path::Path;

use store::{DeliveryFilter, Listed, Order, Reader, State};

use super::finding::{Finding, Kind};

/// Of each look, the newest deliveries.
const LOOK_MAX: usize = 400;

#[derive(Clone, Copy, Debug)]
struct Stand {
    state: State,
    attempts: u32,
}

/// The last that was seen of each delivery, by event and registration.
#[derive(Debug, Default)]
pub struct Samples {
    stands: HashMap<(i64, i64), Stand>,
}

impl Samples {
    /// Looks at the newest deliveries in the store of this folder; tells which of them went back.
    pub fn take(&mut self, data: &Path) -> Vec<Finding> {
        let filter = DeliveryFilter { order: Order::NewestFirst, limit: LOOK_MAX, ..DeliveryFilter::default() };
        // A program that has not opened its store yet, or has ended, is looked at the next time.
        let Ok(listed) = Reader::open(data).and_then(|reader| reader.deliveries(&filter)) else { return Vec::new() };
        self.compare(&listed)
    }

    /// Tells which deliveries went back since they were seen, and remembers how they stand.
    pub fn compare(&mut self, listed: &[Listed]) -> Vec<Finding> {
        listed.iter().filter_map(|listed| self.compare_one(listed)).collect()
    }

    fn compare_one(&mut self, listed: &Listed) -> Option<Finding> {
        let delivery = &listed.delivery;
        let now = Stand { state: delivery.state, attempts: delivery.attempts };
        let before = self.stands.insert((delivery.event, delivery.registration), now)?;
        let told = |stand: Stand| format!("{} after {} attempts", stand.state.as_str(), stand.attempts);
        let is_back = !before.state.is_open() && (now.state != before.state || now.attempts != before.attempts)
            || now.attempts < before.attempts
            || now.state == State::Waiting && before.state != State::Waiting;
        is_back.then(|| Finding {
            kind: Kind::Back,
            event: Some(listed.id),
            uid: listed.uid.clone(),
            key: None,
            expected: format!("no way back from `{}`", told(before)),
            seen: told(now),
        })
    }
}
