use std::collections::HashMap;

use store::slug;

use crate::schedule::Schedule;

/// How events of a registration are delivered.
#[derive(Clone, Debug)]
pub struct Rule {
    pub schedule: Schedule,
    /// The events behind a parked one in its lanes wait with it.
    pub is_blocking: bool,
    /// Deliveries of the registration that run at the same time, where somebody set it.
    pub at_once: Option<usize>,
}

/// How events are delivered.
#[derive(Clone, Debug)]
pub struct Rules {
    all: Rule,
    by_name: HashMap<String, Rule>,
}

impl Rules {
    /// `others` hold for single registrations, by name or slug.
    pub fn new(all: Rule, others: impl IntoIterator<Item = (String, Rule)>) -> Self {
        Self { all, by_name: others.into_iter().collect() }
    }

    pub(crate) fn of_all(&self) -> &Rule {
        &self.all
    }

    pub(crate) fn of(&self, registration: &str) -> &Rule {
        if self.by_name.is_empty() {
            return &self.all;
        }
        let named = self.by_name.get(registration).or_else(|| self.by_name.get(&slug(registration)));
        named.unwrap_or(&self.all)
    }
}
