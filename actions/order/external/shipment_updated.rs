use sdk::prelude::*;

use super::model::{self, Source};
use crate::id;

/// A shipment that changed in the back office is saved in Commerce. Every part of it is named by its id, so saving twice
/// does what saving once does.
pub struct ShipmentUpdated;

#[derive(Debug, Serialize)]
pub struct SaveShipment {
    pub entity: Shipment,
}

#[derive(Debug, Serialize)]
pub struct Shipment {
    pub entity_id: Number,
    pub order_id: Number,
    pub items: Vec<ShipmentItem>,
    pub tracks: Vec<ShipmentTrack>,
    pub comments: Vec<ShipmentComment>,
    pub extension_attributes: Source,
}

#[derive(Debug, Serialize)]
pub struct ShipmentItem {
    pub entity_id: Number,
    pub order_item_id: Number,
    pub qty: Number,
}

#[derive(Debug, Serialize)]
pub struct ShipmentTrack {
    pub entity_id: Number,
    pub order_id: Number,
    pub track_number: String,
    pub title: String,
    pub carrier_code: String,
}

#[derive(Debug, Serialize)]
pub struct ShipmentComment {
    pub entity_id: Number,
    pub is_customer_notified: u8,
    pub comment: String,
    pub is_visible_on_front: u8,
}

impl EventHandler for ShipmentUpdated {
    type Event = model::ShipmentUpdated;
    type Request = SaveShipment;
    const SUCCESS: &'static str = "Shipment updated successfully";

    fn transform(&self, event: Self::Event) -> Result<SaveShipment, Stop> {
        let order_id = event.order_id;
        let entity = Shipment {
            entity_id: event.id,
            items: event.items.into_iter().map(ShipmentItem::from).collect(),
            tracks: event.tracks.into_iter().map(|track| ShipmentTrack::new(track, order_id.clone())).collect(),
            comments: event.comments.into_iter().map(ShipmentComment::from).collect(),
            extension_attributes: Source { source_code: event.stock_source_code },
            order_id,
        };
        Ok(SaveShipment { entity })
    }

    async fn send(&self, cx: &Context, request: &SaveShipment) -> Result<Reply, Stop> {
        let order = id::text(&request.entity.order_id);
        cx.commerce().changing("order", [&*order]).post("shipment", request).await
    }
}

impl From<model::Item> for ShipmentItem {
    fn from(item: model::Item) -> Self {
        Self { entity_id: item.entity_id, order_item_id: item.order_item_id, qty: item.qty }
    }
}

impl ShipmentTrack {
    fn new(track: model::Track, order_id: Number) -> Self {
        let model::Track { entity_id, track_number, title, carrier_code } = track;
        Self { entity_id, order_id, track_number, title, carrier_code }
    }
}

impl From<model::Comment> for ShipmentComment {
    fn from(comment: model::Comment) -> Self {
        Self {
            entity_id: comment.entity_id,
            is_customer_notified: comment.notify_customer.into(),
            comment: comment.comment,
            is_visible_on_front: comment.visible_on_front.into(),
        }
    }
}
