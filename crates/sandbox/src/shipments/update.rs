//! Changes to a shipment that is there. They are changes to the document alone: as in Commerce, what was counted
//! in the order and in the stock when it was created stays counted.

use axum::http::StatusCode;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::Shipment;
use super::draft::{self, Draft};
use super::parts::{Parts, no_item};
use crate::State;
use crate::answer::Answer;
use crate::members::required;
use crate::orders::Order;
use crate::time::{Saved, second};

pub fn update(
    state: &mut State,
    (entity_id, order_id): (u64, u64),
    draft: Draft,
    now: Timestamp,
) -> Result<Bytes, Answer> {
    let mut shipment = state.shipments.find(entity_id)?.clone();
    let order = state.orders.find(order_id)?;
    if shipment.order_id != order_id {
        let message = "The shipment %1 belongs to the order %2.";
        return Err(Answer::refusal(StatusCode::BAD_REQUEST, message, &json!([entity_id, shipment.order_id])));
    }
    let mut parts = Parts::after(state.shipments.last_part_id, second(now));
    for item in draft.items {
        if let Some(id) = item.entity_id {
            change_item(&mut shipment, order, (id, item))?;
        } else {
            let item_id = item.order_item_id.ok_or_else(|| required("order_item_id"))?;
            let of_order = order.item(item_id).ok_or_else(|| no_item(item_id, order_id))?;
            parts.add_item(&mut shipment, of_order, item.qty.unwrap_or_default());
        }
    }
    for track in draft.tracks {
        match track.entity_id {
            Some(id) => change_track(&mut shipment, (id, track), &second(now))?,
            None => parts.add_track(&mut shipment, track),
        }
    }
    for comment in draft.comments {
        match comment.entity_id {
            Some(id) => change_comment(&mut shipment, (id, comment))?,
            None => parts.add_comment(&mut shipment, comment),
        }
    }
    shipment.total_qty = shipment.items.iter().map(|item| item.qty).sum();
    shipment.updated_at = Saved::at(now);
    shipment.packages = draft.packages.unwrap_or(shipment.packages);
    if let Some(source_code) = draft.source_code {
        shipment.extension_attributes.source_code = source_code;
    }
    state.shipments.put(shipment)
}

fn change_item(shipment: &mut Shipment, order: &Order, (id, change): (u64, draft::Item)) -> Result<(), Answer> {
    let known = shipment.items.iter_mut().find(|item| item.entity_id == id).ok_or_else(|| no_part(id))?;
    if let Some(item_id) = change.order_item_id {
        let of_order = order.item(item_id).ok_or_else(|| no_item(item_id, order.entity_id))?;
        known.order_item_id = item_id;
        of_order.sku.clone_into(&mut known.sku);
        of_order.name.clone_into(&mut known.name);
        known.price = of_order.price.clone();
    }
    known.qty = change.qty.unwrap_or(known.qty);
    Ok(())
}

fn change_track(shipment: &mut Shipment, (id, change): (u64, draft::Track), at: &str) -> Result<(), Answer> {
    let known = shipment.tracks.iter_mut().find(|track| track.entity_id == id).ok_or_else(|| no_part(id))?;
    replace(&mut known.track_number, change.track_number);
    replace(&mut known.title, change.title);
    replace(&mut known.carrier_code, change.carrier_code);
    known.updated_at = at.to_owned().into();
    Ok(())
}

fn change_comment(shipment: &mut Shipment, (id, change): (u64, draft::Comment)) -> Result<(), Answer> {
    let known = shipment.comments.iter_mut().find(|comment| comment.entity_id == id).ok_or_else(|| no_part(id))?;
    replace(&mut known.comment, change.comment);
    replace(&mut known.is_customer_notified, change.is_customer_notified);
    replace(&mut known.is_visible_on_front, change.is_visible_on_front);
    Ok(())
}

fn replace<T>(known: &mut T, change: Option<T>) {
    if let Some(change) = change {
        *known = change;
    }
}

fn no_part(id: u64) -> Answer {
    Answer::no_entity("entity_id", id)
}
