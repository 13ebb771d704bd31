//! Parts of shipments and their ids.

use axum::http::StatusCode;
use serde_json::json;

use super::{Comment, Item, Shipment, Track, draft};
use crate::answer::Answer;
use crate::orders;
use crate::quantity::Quantity;

/// Gives ids to new parts. It counts for itself, so that a refused shipment leaves no trace.
pub struct Parts {
    last_id: u64,
    at: String,
}

impl Parts {
    pub fn after(last_id: u64, at: String) -> Self {
        Self { last_id, at }
    }

    pub fn number(&mut self, items: &mut [Item]) {
        for item in items {
            item.entity_id = self.next_id();
        }
    }

    pub fn add_item(&mut self, shipment: &mut Shipment, of_order: &orders::Item, qty: Quantity) {
        let entity_id = self.next_id();
        shipment.items.push(Item { entity_id, ..Item::of(of_order, shipment.entity_id, qty) });
    }

    pub fn add_track(&mut self, shipment: &mut Shipment, track: draft::Track) {
        shipment.tracks.push(Track {
            entity_id: self.next_id(),
            parent_id: shipment.entity_id,
            order_id: shipment.order_id,
            track_number: track.track_number.unwrap_or_default(),
            title: track.title.unwrap_or_default(),
            carrier_code: track.carrier_code.unwrap_or_default(),
            created_at: self.at.clone(),
            updated_at: self.at.clone().into(),
        });
    }

    pub fn add_comment(&mut self, shipment: &mut Shipment, comment: draft::Comment) {
        shipment.comments.push(Comment {
            entity_id: self.next_id(),
            parent_id: shipment.entity_id,
            comment: comment.comment.unwrap_or_default(),
            is_customer_notified: comment.is_customer_notified.unwrap_or(0),
            is_visible_on_front: comment.is_visible_on_front.unwrap_or(0),
            created_at: self.at.clone(),
        });
    }

    fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }
}

impl Item {
    /// Without an id.
    pub fn of(of_order: &orders::Item, parent_id: u64, qty: Quantity) -> Self {
        Self {
            entity_id: 0,
            parent_id,
            order_item_id: of_order.item_id,
            sku: of_order.sku.clone(),
            name: of_order.name.clone(),
            price: of_order.price.clone(),
            qty,
        }
    }
}

pub fn no_item(item_id: u64, order_id: u64) -> Answer {
    let message = "The order %2 has no item %1.";
    Answer::refusal(StatusCode::BAD_REQUEST, message, &json!([item_id, order_id]))
}
