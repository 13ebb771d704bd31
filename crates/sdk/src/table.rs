use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::web::WebAction;
use crate::{Action, Consumer, EventHandler, RuntimeAction, handler};

/// What stands behind a function's name.
pub enum Entry {
    Event(Box<dyn Action>),
    /// Answers HTTP requests from the raw request.
    Web(Box<dyn WebAction>),
    /// Takes parameters, from wherever they come.
    Runtime(Box<dyn RuntimeAction>),
    /// Other actions, `package/action` each, one after another. No function: the manifest makes it.
    Sequence(Arc<[Arc<str>]>),
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Event(_) => "Event",
            Self::Web(_) => "Web",
            Self::Runtime(_) => "Runtime",
            Self::Sequence(_) => "Sequence",
        })
    }
}

/// Every function that `actions.config.yaml` can name, by its path: `product/external/created`.
#[derive(Debug, Default)]
pub struct Table {
    entries: BTreeMap<&'static str, Entry>,
    twice: Vec<&'static str>,
}

impl Table {
    /// An event handler.
    #[must_use]
    pub fn event(self, function: &'static str, event_handler: impl EventHandler) -> Self {
        self.with(function, Entry::Event(handler(event_handler)))
    }

    /// A consumer with its table of routes.
    #[must_use]
    pub fn consumer(self, function: &'static str, consumer: Consumer) -> Self {
        self.with(function, Entry::Event(Box::new(consumer)))
    }

    /// An action that answers HTTP requests itself.
    #[must_use]
    pub fn web(self, function: &'static str, action: impl WebAction) -> Self {
        self.with(function, Entry::Web(Box::new(action)))
    }

    /// An action that takes parameters and gives a result.
    #[must_use]
    pub fn runtime(self, function: &'static str, action: impl RuntimeAction) -> Self {
        self.with(function, Entry::Runtime(Box::new(action)))
    }

    pub fn functions(&self) -> impl Iterator<Item = &'static str> {
        self.entries.keys().copied()
    }

    /// Functions that were entered more than once; the last entry stands.
    pub fn twice(&self) -> &[&'static str] {
        &self.twice
    }

    pub fn into_entries(self) -> BTreeMap<&'static str, Entry> {
        self.entries
    }

    fn with(mut self, function: &'static str, entry: Entry) -> Self {
        if self.entries.insert(function, entry).is_some() {
            self.twice.push(function);
        }
        self
    }
}
