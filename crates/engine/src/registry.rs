use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk::record::LogRules;
use sdk::{Entry, Inputs, Targets};
use serde_json::Value;
use tracing::Level;

use crate::NotStarted;
use crate::guard::Guard;
use crate::places::{Place, Places};
use crate::record::Kind;

/// An action as deployed: a function under a name, with its inputs and limits.
#[derive(Clone)]
pub struct Deployed {
    /// `package/action`.
    pub name: Arc<str>,
    pub entry: Arc<Entry>,
    pub inputs: Arc<Inputs>,
    pub targets: Targets,
    /// As the manifest has them: texts and booleans.
    pub annotations: Arc<BTreeMap<String, Value>>,
    pub limits: ActionLimits,
    /// Of what it logs, lines of this level and above are kept.
    pub log_level: Level,
    /// Whether HTTP callers reach it, and how.
    pub web: Web,
    /// Counts the runs that callers asked for.
    pub places: Places,
    /// What HTTP callers have to get past, in this order; without any everybody reaches the action, which may ask for more.
    pub guards: Vec<Arc<dyn Guard>>,
}

/// Whether an action has a URL, and who reads the body of a request to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Web {
    #[default]
    No,
    /// The body arrives as parameters.
    Yes,
    /// The body arrives as it was sent.
    Raw,
}

/// What one run of an action may use, and how many may be under way (contract, section 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionLimits {
    pub timeout: Duration,
    /// Runs at the same time: events and calls each.
    pub concurrency: usize,
    pub logs_bytes: usize,
    pub payload_bytes: usize,
    pub result_bytes: usize,
    /// Shown, not enforced: actions share one process.
    pub memory_mb: u32,
}

impl Default for ActionLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(1),
            concurrency: 200,
            logs_bytes: 10 << 20,
            payload_bytes: 1 << 20,
            result_bytes: 1 << 20,
            memory_mb: 256,
        }
    }
}

impl Deployed {
    /// Whether HTTP callers reach it.
    pub fn is_web(&self) -> bool {
        self.web != Web::No
    }

    /// What runs.
    pub fn kind(&self) -> Kind {
        match &*self.entry {
            Entry::Event(_) | Entry::Web(_) | Entry::Runtime(_) => Kind::Rust,
            Entry::Sequence(_) => Kind::Sequence,
        }
    }

    /// The actions of a sequence, `package/action` each.
    pub fn components(&self) -> &[Arc<str>] {
        match &*self.entry {
            Entry::Event(_) | Entry::Web(_) | Entry::Runtime(_) => &[],
            Entry::Sequence(components) => components,
        }
    }

    /// Whether callers may not override its inputs.
    pub fn is_final(&self) -> bool {
        self.annotations.get("final") == Some(&Value::Bool(true))
    }

    /// A place for one more run that a caller asks for.
    ///
    /// # Errors
    /// As many are under way as the limit allows.
    pub fn place(&self) -> Result<Place, NotStarted> {
        self.places.take(self.limits.concurrency)
    }

    pub(crate) fn log_rules(&self) -> LogRules {
        LogRules { level: self.log_level, bytes_max: self.limits.logs_bytes }
    }
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

    /// In the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Deployed> {
        self.0.values()
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
