use sdk::prelude::*;
use tracing::warn;

use super::model::{self, Source};
use crate::commerce::{EFFECT_KNOWN_FOR, can_be_of_event, search};
use crate::id;
use crate::order::shipment::is_like;

/// How many shipments of the order are looked at, the newest first.
const SHIPMENTS_MAX: u32 = 300;

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

    /// Commerce takes nothing along that could name the event, so the content decides: items, tracks and comment, no older
    /// than the event and not known as another event's. What is left is a call that still runs while we look, and a like
    /// shipment that somebody else made within a day.
    async fn find_effect(&self, cx: &Context, request: &ShipOrder) -> Result<Option<Reply>, Stop> {
        let criteria = SearchCriteria::new().filter("order_id", "eq", &request.order_id).descending("entity_id");
        for shipment in search(cx, "shipments", criteria.page(1, SHIPMENTS_MAX)).await? {
            if is_like(&shipment, request)
                && can_be_of_event(cx, &shipment)
                && is_unclaimed(cx, &shipment["entity_id"]).await?
            {
                return Ok(Some(Reply::of_earlier_attempt(shipment["entity_id"].clone())));
            }
        }
        Ok(None)
    }

    async fn send(&self, cx: &Context, request: &ShipOrder) -> Result<Reply, Stop> {
        let id = &*request.order_id;
        cx.commerce().changing("order", [id]).post(format!("order/{}/ship", segment(id)), request).await
    }

    /// The shipment is known as this event's from now on, so that the next event of the same content is not taken for it.
    async fn post(&self, cx: &Context, _: &ShipOrder, reply: &Reply) -> Result<(), Stop> {
        let (Some(claim), Some(event_id)) = (claim(&reply.body), cx.event_id()) else { return Ok(()) };
        // The order is shipped; nothing of that is incomplete when the claim cannot be kept.
        if let Err(stop) = cx.state().put(&claim, event_id.as_bytes().to_vec(), EFFECT_KNOWN_FOR).await {
            warn!(action = %cx.action(), event.id = event_id, error = %stop, "cannot keep whose shipment this is");
        }
        Ok(())
    }
}

async fn is_unclaimed(cx: &Context, shipment_id: &Value) -> Result<bool, Stop> {
    let Some(claim) = claim(shipment_id) else { return Ok(true) };
    let holder = cx.state().get(&claim).await?;
    Ok(holder.is_none_or(|holder| cx.event_id().is_some_and(|id| id.as_bytes() == holder)))
}

/// Where the event of a shipment is kept; Commerce answers the id as a number or as text.
fn claim(shipment_id: &Value) -> Option<String> {
    let id = match shipment_id {
        Value::Number(number) => id::text(number),
        Value::String(text) if !text.is_empty() => text.clone(),
        _ => return None,
    };
    Some(format!("shipment/{id}"))
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
