use sdk::prelude::*;

use super::model::{self, Source};
use crate::id;

/// An order that the back office shipped gets a shipment in Commerce.
pub struct ShipmentCreated;

#[derive(Debug, Serialize)]
pub struct ShipOrder {
    #[serde(skip)]
    pub order_id: String,
    pub items: Vec<ShipmentItem>,
    pub tracks: Vec<ShipmentTrack>,
    pub comment: ShipmentComment,
    pub arguments: Arguments,
}

#[derive(Debug, Serialize)]
pub struct ShipmentItem {
    pub order_item_id: Number,
    pub qty: Number,
}

#[derive(Debug, Serialize)]
pub struct ShipmentTrack {
    pub track_number: String,
    pub title: String,
    pub carrier_code: String,
}

#[derive(Debug, Serialize)]
pub struct ShipmentComment {
    pub comment: String,
    pub is_visible_on_front: u8,
}

#[derive(Debug, Serialize)]
pub struct Arguments {
    pub extension_attributes: Source,
}

impl EventHandler for ShipmentCreated {
    type Event = model::ShipmentCreated;
    type Request = ShipOrder;
    const SUCCESS: &'static str = "Shipment created successfully";

    fn transform(&self, event: Self::Event) -> Result<ShipOrder, Stop> {
        let comment = event.comment;
        Ok(ShipOrder {
            order_id: id::text(&event.order_id),
            items: event.items.into_iter().map(ShipmentItem::from).collect(),
            tracks: event.tracks.into_iter().map(ShipmentTrack::from).collect(),
            comment: ShipmentComment { comment: comment.comment, is_visible_on_front: comment.visible_on_front.into() },
            arguments: Arguments { extension_attributes: Source { source_code: event.stock_source_code } },
        })
    }

    async fn send(&self, cx: &Context, request: &ShipOrder) -> Result<Reply, Stop> {
        let id = &*request.order_id;
        cx.commerce().changing("order", [id]).post(format!("order/{}/ship", segment(id)), request).await
    }
}

impl From<model::NewItem> for ShipmentItem {
    fn from(item: model::NewItem) -> Self {
        Self { order_item_id: item.order_item_id, qty: item.qty }
    }
}

impl From<model::NewTrack> for ShipmentTrack {
    fn from(track: model::NewTrack) -> Self {
        Self { track_number: track.track_number, title: track.title, carrier_code: track.carrier_code }
    }
}
