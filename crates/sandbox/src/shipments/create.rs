//! A new shipment: what leaves the order also leaves the source, and all of it happens or nothing.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::draft::{self, Draft};
use super::parts::{Parts, no_item};
use super::{Extension, Item, Shipment};
use crate::State;
use crate::answer::Answer;
use crate::members::required;
use crate::orders::Order;
use crate::quantity::Quantity;
use crate::stock::SOURCE_DEFAULT;
use crate::time::{Saved, second};

/// Gives the id of the shipment. A draft without items means all that is left.
pub fn create(state: &mut State, order_id: u64, draft: Draft, now: Timestamp) -> Result<u64, Answer> {
    let order = state.orders.find(order_id)?;
    if !order.state.is_shippable() {
        let message = "An order with the status \"%1\" cannot be shipped.";
        return Err(Answer::refusal(StatusCode::BAD_REQUEST, message, &json!([order.status])));
    }
    let lines = lines(order, &draft.items)?;
    let mut leaving: BTreeMap<&str, Quantity> = BTreeMap::new();
    for (item_id, quantity) in &lines {
        if let Some(item) = order.item(*item_id) {
            let sum = leaving.entry(&item.sku).or_default();
            *sum = *sum + *quantity;
        }
    }
    let source_code = draft.source_code.unwrap_or_else(|| SOURCE_DEFAULT.to_owned());
    let stock = state.stock.prepare_leave(&source_code, &leaving)?;
    let id = state.shipments.collection.next_id();
    let mut shipment = packed(id, order, &lines, now);
    shipment.extension_attributes.source_code = source_code;
    shipment.packages = draft.packages.unwrap_or_default();
    let mut parts = Parts::after(state.shipments.last_part_id, second(now));
    parts.number(&mut shipment.items);
    for track in draft.tracks {
        is_new(track.entity_id)?;
        parts.add_track(&mut shipment, track);
    }
    for comment in draft.comments {
        is_new(comment.entity_id)?;
        parts.add_comment(&mut shipment, comment);
    }
    let shipment = state.shipments.prepare(shipment)?;
    let order = state.orders.prepare(order.clone().shipped(&lines, now))?;
    state.shipments.commit(shipment);
    state.orders.commit(order);
    state.stock.commit(stock);
    Ok(id)
}

/// How much of which order item; within what is left.
fn lines(order: &Order, items: &[draft::Item]) -> Result<BTreeMap<u64, Quantity>, Answer> {
    let mut lines = BTreeMap::new();
    if items.is_empty() {
        let left = order.items.iter().map(|item| (item.item_id, item.left()));
        lines.extend(left.filter(|(_, left)| *left > Quantity::ZERO));
    }
    for item in items {
        is_new(item.entity_id)?;
        let item_id = item.order_item_id.ok_or_else(|| required("order_item_id"))?;
        let known = order.item(item_id).ok_or_else(|| no_item(item_id, order.entity_id))?;
        let sum = lines.entry(item_id).or_insert(Quantity::ZERO);
        *sum = *sum + item.qty.ok_or_else(|| required("qty"))?;
        if *sum > known.left() {
            let message = "More of \"%1\" cannot be shipped than is left of it in the order.";
            return Err(Answer::refusal(StatusCode::BAD_REQUEST, message, &json!([known.sku])));
        }
    }
    if lines.is_empty() { Err(Answer::plain("Nothing of this order is left to be shipped.")) } else { Ok(lines) }
}

/// A shipment with these lines and nothing else; its items have no ids yet.
fn packed(id: u64, order: &Order, lines: &BTreeMap<u64, Quantity>, now: Timestamp) -> Shipment {
    let items = order.items.iter().filter_map(|item| {
        let qty = *lines.get(&item.item_id)?;
        Some(Item::of(item, id, qty))
    });
    Shipment {
        entity_id: id,
        increment_id: format!("{id:09}"),
        order_id: order.entity_id,
        store_id: order.store_id,
        total_qty: lines.values().copied().sum(),
        created_at: second(now),
        updated_at: Saved::at(now),
        items: items.collect(),
        tracks: Vec::new(),
        comments: Vec::new(),
        packages: Vec::new(),
        extension_attributes: Extension { source_code: SOURCE_DEFAULT.to_owned() },
    }
}

/// A new shipment has no known parts.
fn is_new(entity_id: Option<u64>) -> Result<(), Answer> {
    entity_id.map_or(Ok(()), |id| Err(Answer::no_entity("entity_id", id)))
}
