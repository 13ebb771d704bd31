//! Commerce's eventing module: who wants which events, and the events themselves from a change of a document until
//! an events API has taken them.
//!
//! Stock that `inventory/source-items` or a shipment changes is no stock item saved: Commerce writes those past its
//! models, so only `products/{sku}/stockItems/{id}` brings about `cataloginventory_stock_item_save_commit_after`.
//! Without `enabled` in the configuration no event is created, and those that wait stay.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::keep::{KeepError, Keeper};

pub mod emit;
pub mod fields;
mod http;
mod names;
mod providers;
mod routes;
pub mod rows;
pub mod rules;
mod send;
mod subscriptions;
mod tokens;
mod values;
pub mod workspace;
mod workspaces;

pub use emit::STOCK_ITEM_KIND;
use providers::Providers;
pub use routes::{CHECK, answer, masked};
use rows::Rows;
pub use rows::{Row, Which};
pub use send::Sender;
use subscriptions::Subscriptions;
pub use workspaces::Seal;
use workspaces::Workspaces;

/// What stands where a workspace's configuration would.
const HIDDEN: &str = "****";

/// How events leave the store.
#[derive(Clone)]
pub struct Eventing {
    /// Where CloudEvents are posted; Adobe's module knows its own.
    pub ingress_url: String,
    /// Where client credentials become a token.
    pub token_url: String,
    /// How long events wait for others to be sent with; Commerce's own is a minute.
    pub interval: Duration,
    /// Makes the secrets of clients unreadable where they are kept; without one they are readable.
    pub seal: Option<Arc<dyn Seal>>,
}

impl fmt::Debug for Eventing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eventing").field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// What the module has in the store.
#[derive(Debug)]
pub struct Module {
    providers: Providers,
    subscriptions: Subscriptions,
    workspaces: Workspaces,
    pub rows: Rows,
}

impl Module {
    /// What the keeper has. Nobody is sending any more what was in progress.
    ///
    /// # Errors
    /// The keeper cannot be read.
    pub fn load(seal: Option<Arc<dyn Seal>>, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let mut module = Self {
            providers: Providers::load(keeper)?,
            subscriptions: Subscriptions::load(keeper)?,
            workspaces: Workspaces::load(seal, keeper)?,
            rows: Rows::load(keeper)?,
        };
        module.rows.release();
        module.rows.prune(Timestamp::now());
        Ok(module)
    }

    /// The newest last.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.all()
    }
}
