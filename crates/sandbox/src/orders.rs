//! The orders of the store: read, commented, and carried forward by shipments. Nobody places one here.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};

use crate::answer::Answer;
use crate::collection::{Collection, Limits, Prepared};
use crate::keep::{KeepError, Keeper};
use crate::members::{Members, flag, integer, line, text};
use crate::quantity::Quantity;
use crate::search::Fields;
use crate::time::{Saved, second};

pub const LIMITS: Limits = Limits { name: "orders", count_max: 100_000, bytes_max: 256 * 1024 * 1024 };
pub const FIELDS: Fields = Fields {
    known: &[
        "entity_id",
        "increment_id",
        "state",
        "status",
        "store_id",
        "customer_id",
        "customer_email",
        "grand_total",
        "order_currency_code",
        "total_qty_ordered",
        "created_at",
        "updated_at",
    ],
    aliases: &[],
};
pub const KIND: &str = "commerce.order";
const HISTORIES_MAX: usize = 1_000;

/// Where an order stands; each state has its statuses, the first of which it gets by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    New,
    Processing,
    Complete,
    Closed,
    Canceled,
    Holded,
}

/// One order as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Order {
    pub entity_id: u64,
    pub increment_id: String,
    pub state: State,
    pub status: String,
    pub store_id: u64,
    pub customer_id: Option<u64>,
    pub customer_email: String,
    pub grand_total: Number,
    pub order_currency_code: String,
    pub total_qty_ordered: Quantity,
    pub created_at: String,
    pub updated_at: Saved,
    pub items: Vec<Item>,
    /// The newest first.
    pub status_histories: Vec<History>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Item {
    pub item_id: u64,
    pub order_id: u64,
    pub sku: String,
    pub name: String,
    pub product_type: String,
    pub price: Number,
    pub qty_ordered: Quantity,
    pub qty_invoiced: Quantity,
    pub qty_shipped: Quantity,
    pub qty_refunded: Quantity,
    pub qty_canceled: Quantity,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub entity_id: u64,
    pub parent_id: u64,
    pub entity_name: String,
    pub comment: String,
    pub status: String,
    pub is_customer_notified: u8,
    pub is_visible_on_front: u8,
    pub created_at: String,
}

/// One line of an order that is put into the store.
#[derive(Debug, Clone)]
pub struct OrderItem {
    /// Commerce's items have ids of their own, over all orders.
    pub id: u64,
    /// Where no source counts it, any quantity of it can be shipped.
    pub sku: String,
    pub quantity: u32,
}

/// What a client wants to note on an order.
#[derive(Debug)]
pub struct Note {
    comment: String,
    is_customer_notified: u8,
    is_visible_on_front: u8,
    status: Option<String>,
}

#[derive(Debug)]
pub struct Orders {
    collection: Collection<Order>,
    last_history_id: u64,
}

impl Orders {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { collection: Collection::new(KIND, limits, keeper), last_history_id: 0 }
    }

    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let collection: Collection<Order> = Collection::load(KIND, limits, keeper)?;
        let histories = collection.all().flat_map(|(_, order)| &order.status_histories);
        // Neither orders nor their histories ever go, so the highest id of all is the last one.
        let last_history_id = histories.map(|history| history.entity_id).max().unwrap_or(0);
        Ok(Self { collection, last_history_id })
    }

    pub fn get(&self, id: u64) -> Result<Bytes, Answer> {
        self.collection.json(id).ok_or_else(Answer::no_sale)
    }

    pub fn find(&self, id: u64) -> Result<&Order, Answer> {
        self.collection.get(id).ok_or_else(Answer::no_sale)
    }

    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.collection.all().map(|(_, order)| order)
    }

    pub fn put(&mut self, order: Order) -> Result<Bytes, Answer> {
        self.collection.put(order.entity_id, order)
    }

    pub fn prepare(&self, order: Order) -> Result<Prepared<Order>, Answer> {
        self.collection.prepare([(order.entity_id, order)])
    }

    pub fn commit(&mut self, prepared: Prepared<Order>) {
        self.collection.commit(prepared);
    }

    /// The comment stays with the order; a status with it becomes the order's, if its state has it.
    pub fn comment(&mut self, id: u64, note: Note, now: Timestamp) -> Result<Bytes, Answer> {
        let mut order = self.find(id)?.clone();
        if let Some(status) = note.status {
            if !order.state.statuses().contains(&status.as_str()) {
                return Err(no_status(&status));
            }
            order.status = status;
        }
        if order.status_histories.len() >= HISTORIES_MAX {
            return Err(Answer::store_full(&format!("{HISTORIES_MAX} comments of an order")));
        }
        let entity_id = self.last_history_id.saturating_add(1);
        let history = History {
            entity_id,
            parent_id: id,
            entity_name: "order".to_owned(),
            comment: note.comment,
            status: order.status.clone(),
            is_customer_notified: note.is_customer_notified,
            is_visible_on_front: note.is_visible_on_front,
            created_at: second(now),
        };
        order.status_histories.insert(0, history);
        order.updated_at = Saved::at(now);
        self.put(order)?;
        self.last_history_id = entity_id;
        Ok(Bytes::from_static(b"true"))
    }
}

impl Order {
    /// An order that is paid and of which nothing has left yet.
    pub fn placed(id: u64, items: &[OrderItem], now: Timestamp) -> Self {
        let state = State::Processing;
        let items: Vec<Item> = items.iter().map(|item| Item::ordered(id, item)).collect();
        Self {
            entity_id: id,
            increment_id: format!("{id:09}"),
            state,
            status: state.first_status().to_owned(),
            store_id: 1,
            customer_id: None,
            customer_email: "guest@example.com".to_owned(),
            grand_total: Number::from(0),
            order_currency_code: "USD".to_owned(),
            total_qty_ordered: items.iter().map(|item| item.qty_ordered).sum(),
            created_at: second(now),
            updated_at: Saved::at(now),
            items,
            status_histories: Vec::new(),
        }
    }

    pub fn item(&self, item_id: u64) -> Option<&Item> {
        self.items.iter().find(|item| item.item_id == item_id)
    }

    /// The order after these quantities, by item, have left.
    pub fn shipped(mut self, lines: &BTreeMap<u64, Quantity>, now: Timestamp) -> Self {
        for item in &mut self.items {
            item.qty_shipped = item.qty_shipped + lines.get(&item.item_id).copied().unwrap_or_default();
        }
        let is_done = |item: &Item| item.left() == Quantity::ZERO && item.qty_invoiced >= item.qty_ordered;
        let state = if self.items.iter().all(is_done) { State::Complete } else { State::Processing };
        if state != self.state {
            state.first_status().clone_into(&mut self.status);
        }
        self.state = state;
        self.updated_at = Saved::at(now);
        self
    }
}

impl Item {
    fn ordered(order_id: u64, item: &OrderItem) -> Self {
        let quantity = Quantity::whole(item.quantity);
        Self {
            item_id: item.id,
            order_id,
            sku: item.sku.clone(),
            name: item.sku.clone(),
            product_type: "simple".to_owned(),
            price: Number::from(0),
            qty_ordered: quantity,
            qty_invoiced: quantity,
            qty_shipped: Quantity::ZERO,
            qty_refunded: Quantity::ZERO,
            qty_canceled: Quantity::ZERO,
        }
    }

    /// What is still to be shipped.
    pub fn left(&self) -> Quantity {
        let left = self.qty_ordered - self.qty_shipped - self.qty_refunded - self.qty_canceled;
        left.max(Quantity::ZERO)
    }
}

impl State {
    pub fn is_shippable(self) -> bool {
        match self {
            Self::New | Self::Processing => true,
            Self::Complete | Self::Closed | Self::Canceled | Self::Holded => false,
        }
    }

    /// What an order gets that comes to this state.
    pub fn first_status(self) -> &'static str {
        self.statuses().first().copied().unwrap_or_default()
    }

    fn statuses(self) -> &'static [&'static str] {
        match self {
            Self::New => &["pending"],
            Self::Processing => &["processing", "fraud", "picked"],
            Self::Complete => &["complete"],
            Self::Closed => &["closed"],
            Self::Canceled => &["canceled"],
            Self::Holded => &["holded"],
        }
    }
}

impl Note {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut members = Members::inside("A comment of an order", "statusHistory", body)?;
        let note = Self {
            comment: members.need("comment", text)?,
            is_customer_notified: members.need("is_customer_notified", flag)?,
            is_visible_on_front: members.need("is_visible_on_front", flag)?,
            status: members.take("status", line)?.filter(|status| !status.is_empty()),
        };
        members.take("parent_id", integer)?;
        members.take("extension_attributes", Ok)?;
        members.finish(&["entity_id", "entity_name", "created_at"])?;
        Ok(note)
    }
}

fn no_status(status: &str) -> Answer {
    Answer::refusal(
        StatusCode::BAD_REQUEST,
        "The status \"%1\" is not one of the statuses of the order's state.",
        &json!([status]),
    )
}
