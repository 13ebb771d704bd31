//! The shipments of the store.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::answer::Answer;
use crate::collection::{Collection, Limits, Prepared};
use crate::keep::{KeepError, Keeper};
use crate::quantity::Quantity;
use crate::search::Fields;
use crate::time::Saved;

mod create;
mod draft;
mod parts;
mod update;

pub use create::create;
pub use draft::{Draft, Entity};
pub use update::update;

pub const LIMITS: Limits = Limits { name: "shipments", count_max: 200_000, bytes_max: 256 * 1024 * 1024 };
pub const FIELDS: Fields = Fields {
    known: &["entity_id", "increment_id", "order_id", "store_id", "total_qty", "created_at", "updated_at"],
    aliases: &[],
};
const KIND: &str = "commerce.shipment";
/// Of one kind, in one shipment.
const PARTS_MAX: usize = 1_000;

/// One shipment as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    pub entity_id: u64,
    pub increment_id: String,
    pub order_id: u64,
    pub store_id: u64,
    pub total_qty: Quantity,
    pub created_at: String,
    pub updated_at: Saved,
    pub items: Vec<Item>,
    pub tracks: Vec<Track>,
    pub comments: Vec<Comment>,
    pub packages: Vec<Value>,
    pub extension_attributes: Extension,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    pub source_code: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub entity_id: u64,
    pub parent_id: u64,
    pub order_item_id: u64,
    pub sku: String,
    pub name: String,
    pub price: Number,
    pub qty: Quantity,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Track {
    pub entity_id: u64,
    pub parent_id: u64,
    pub order_id: u64,
    pub track_number: String,
    pub title: String,
    pub carrier_code: String,
    pub created_at: String,
    pub updated_at: Saved,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Comment {
    pub entity_id: u64,
    pub parent_id: u64,
    pub comment: String,
    pub is_customer_notified: u8,
    pub is_visible_on_front: u8,
    pub created_at: String,
}

#[derive(Debug)]
pub struct Shipments {
    collection: Collection<Shipment>,
    by_order: HashMap<u64, BTreeSet<u64>>,
    /// Items, tracks and comments share one count.
    last_part_id: u64,
}

/// A shipment that has its place.
#[must_use]
struct Packed {
    id: u64,
    order_id: u64,
    last_part_id: u64,
    prepared: Prepared<Shipment>,
}

impl Shipments {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { collection: Collection::new(KIND, limits, keeper), by_order: HashMap::new(), last_part_id: 0 }
    }

    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let collection: Collection<Shipment> = Collection::load(KIND, limits, keeper)?;
        // Neither shipments nor their parts ever go, so the highest id of all is the last one.
        let last_part_id = collection.all().map(|(_, shipment)| shipment.last_part_id()).max().unwrap_or(0);
        let mut by_order = HashMap::<u64, BTreeSet<u64>>::new();
        for (id, shipment) in collection.all() {
            by_order.entry(shipment.order_id).or_default().insert(id);
        }
        Ok(Self { collection, by_order, last_part_id })
    }

    pub fn get(&self, id: u64) -> Result<Bytes, Answer> {
        self.collection.json(id).ok_or_else(Answer::no_sale)
    }

    pub fn all(&self) -> impl Iterator<Item = &Shipment> {
        self.collection.all().map(|(_, shipment)| shipment)
    }

    pub fn of_order(&self, order_id: u64) -> impl Iterator<Item = &Shipment> {
        let ids = self.by_order.get(&order_id).into_iter().flatten();
        ids.filter_map(|id| self.collection.get(*id))
    }

    pub fn put(&mut self, shipment: Shipment) -> Result<Bytes, Answer> {
        let id = shipment.entity_id;
        let prepared = self.prepare(shipment)?;
        self.commit(prepared);
        self.get(id)
    }

    fn find(&self, id: u64) -> Result<&Shipment, Answer> {
        self.collection.get(id).ok_or_else(Answer::no_sale)
    }

    fn prepare(&self, shipment: Shipment) -> Result<Packed, Answer> {
        if shipment.items.len().max(shipment.tracks.len()).max(shipment.comments.len()) > PARTS_MAX {
            return Err(Answer::store_full(&format!("{PARTS_MAX} parts of a shipment")));
        }
        let (id, order_id, last_part_id) = (shipment.entity_id, shipment.order_id, shipment.last_part_id());
        Ok(Packed { id, order_id, last_part_id, prepared: self.collection.prepare([(id, shipment)])? })
    }

    fn commit(&mut self, packed: Packed) {
        self.collection.commit(packed.prepared);
        self.by_order.entry(packed.order_id).or_default().insert(packed.id);
        self.last_part_id = self.last_part_id.max(packed.last_part_id);
    }
}

impl Shipment {
    fn last_part_id(&self) -> u64 {
        let items = self.items.iter().map(|item| item.entity_id);
        let tracks = self.tracks.iter().map(|track| track.entity_id);
        let comments = self.comments.iter().map(|comment| comment.entity_id);
        items.chain(tracks).chain(comments).max().unwrap_or(0)
    }
}
