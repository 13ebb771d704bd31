//! The documents of the store at its start: what the keeper has, and at the first start the seeds.

use std::sync::Arc;

use crate::State;
use crate::calls::Calls;
use crate::customers::{self, Customers};
use crate::groups::{self, Groups};
use crate::keep::{KeepError, Keeper};
use crate::orders::{self, Orders};
use crate::products::{self, Products};
use crate::seeds;
use crate::shipments::{self, Shipments};
use crate::stock::{self, Stock};

/// Its one document says that the seeds were put in, so that they come but once.
const SEEDED: &str = "commerce.seeded";

impl State {
    /// A store in which nothing has happened yet.
    pub fn seeded(keeper: &Arc<Keeper>) -> Self {
        let mut state = Self {
            products: Products::new(products::LIMITS, keeper),
            customers: Customers::new(customers::LIMITS, keeper),
            groups: Groups::new(groups::LIMITS, keeper),
            orders: Orders::new(orders::LIMITS, keeper),
            shipments: Shipments::new(shipments::LIMITS, keeper),
            stock: Stock::new(stock::LIMITS, keeper),
            calls: Calls::default(),
            eventing: None,
        };
        seeds::plant(&mut state);
        state
    }

    /// # Errors
    /// The keeper cannot be read.
    pub fn load(keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        if keeper.load(SEEDED)?.is_empty() {
            let state = Self::seeded(keeper);
            // Last, so that a start that was cut short begins again.
            keeper.put(SEEDED, "", b"true");
            return Ok(state);
        }
        Ok(Self {
            products: Products::load(products::LIMITS, keeper)?,
            customers: Customers::load(customers::LIMITS, keeper)?,
            groups: Groups::load(groups::LIMITS, keeper)?,
            orders: Orders::load(orders::LIMITS, keeper)?,
            shipments: Shipments::load(shipments::LIMITS, keeper)?,
            stock: Stock::load(stock::LIMITS, keeper)?,
            calls: Calls::default(),
            eventing: None,
        })
    }
}
