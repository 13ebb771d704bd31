use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk::{Entry, Inputs, Targets};

use crate::guard::Guard;

/// An action as deployed: a function under a name, with its inputs and limits.
#[derive(Clone)]
pub struct Deployed {
    /// `package/action`.
    pub name: Arc<str>,
    pub entry: Arc<Entry>,
    pub inputs: Arc<Inputs>,
    pub targets: Targets,
    pub timeout: Duration,
    /// Events that it is run on at the same time.
    pub at_once: usize,
    /// Whether HTTP callers reach it.
    pub is_web: bool,
    /// What HTTP callers have to get past, in this order; without any everybody reaches the action, which may ask for more.
    pub guards: Vec<Arc<dyn Guard>>,
}

impl fmt::Debug for Deployed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deployed").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All deployed actions by name.
#[derive(Debug, Default)]
pub struct Registry(BTreeMap<Arc<str>, Deployed>);

impl Registry {
    pub fn get(&self, name: &str) -> Option<&Deployed> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(AsRef::as_ref)
    }
}

impl FromIterator<Deployed> for Registry {
    fn from_iter<I: IntoIterator<Item = Deployed>>(deployed: I) -> Self {
        Self(deployed.into_iter().map(|deployed| (Arc::clone(&deployed.name), deployed)).collect())
    }
}
