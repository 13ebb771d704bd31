//! Orders and a shipment of the seeded products.

use serde_json::Number;

use super::{MADE, number};
use crate::orders::{Item, Order, State};
use crate::quantity::Quantity;
use crate::shipments::{self, Extension, Shipment};
use crate::stock::{SOURCE_DEFAULT, SourceItem};

/// Enough for many shipments of one.
const ORDERED: u32 = 100;
const IN_STOCK: u32 = 1_000;

struct Line {
    item_id: u64,
    sku: &'static str,
    name: &'static str,
    price: &'static str,
    total: u32,
    count: u32,
}

const BAG: Line =
    Line { item_id: 8, sku: "24-MB01", name: "Joust Duffle Bag", price: "34", total: 3_400, count: ORDERED };
const MUG: Line = Line { item_id: 1, sku: "TRAIL-MUG-01", name: "Trail Enamel Mug", price: "18", total: 36, count: 2 };
const CAP: Line =
    Line { item_id: 12, sku: "HARBOR-CAP-02", name: "Harbor Canvas Cap", price: "22.5", total: 45, count: 2 };

/// The order 8 has sent one of its bags already, with the shipment 33.
pub fn orders() -> [Order; 3] {
    let mut sent = order(8, State::Processing, &BAG);
    sent.items[0].qty_shipped = Quantity::whole(1);
    [order(1, State::Processing, &MUG), sent, order(12, State::New, &CAP)]
}

pub fn shipment() -> Shipment {
    let (entity_id, parent_id, order_id) = (19, 33, 8);
    let at = || MADE.to_owned();
    Shipment {
        entity_id: parent_id,
        increment_id: format!("{parent_id:09}"),
        order_id,
        store_id: 1,
        total_qty: Quantity::whole(1),
        created_at: at(),
        updated_at: at().into(),
        items: vec![shipments::Item {
            entity_id,
            parent_id,
            order_item_id: BAG.item_id,
            sku: BAG.sku.to_owned(),
            name: BAG.name.to_owned(),
            price: number(BAG.price),
            qty: Quantity::whole(1),
        }],
        tracks: vec![shipments::Track {
            entity_id,
            parent_id,
            order_id,
            track_number: "TRACK-0019".to_owned(),
            title: "Parcel Service".to_owned(),
            carrier_code: "custom".to_owned(),
            created_at: at(),
            updated_at: at().into(),
        }],
        comments: vec![shipments::Comment {
            entity_id,
            parent_id,
            comment: "Handed to the carrier".to_owned(),
            is_customer_notified: 0,
            is_visible_on_front: 0,
            created_at: at(),
        }],
        packages: Vec::new(),
        extension_attributes: Extension { source_code: SOURCE_DEFAULT.to_owned() },
    }
}

pub fn source_item(sku: &str) -> SourceItem {
    SourceItem {
        sku: sku.to_owned(),
        source_code: SOURCE_DEFAULT.to_owned(),
        quantity: Quantity::whole(IN_STOCK),
        status: 1,
    }
}

fn order(id: u64, state: State, line: &Line) -> Order {
    let count = Quantity::whole(line.count);
    let invoiced = if state == State::New { Quantity::ZERO } else { count };
    Order {
        entity_id: id,
        increment_id: format!("{id:09}"),
        state,
        status: state.first_status().to_owned(),
        store_id: 1,
        customer_id: Some(123),
        customer_email: "john.doe@fakedomain.com".to_owned(),
        grand_total: Number::from(line.total),
        order_currency_code: "USD".to_owned(),
        total_qty_ordered: count,
        created_at: MADE.to_owned(),
        updated_at: MADE.to_owned().into(),
        items: vec![Item {
            item_id: line.item_id,
            order_id: id,
            sku: line.sku.to_owned(),
            name: line.name.to_owned(),
            product_type: "simple".to_owned(),
            price: number(line.price),
            qty_ordered: count,
            qty_invoiced: invoiced,
            qty_shipped: Quantity::ZERO,
            qty_refunded: Quantity::ZERO,
            qty_canceled: Quantity::ZERO,
        }],
        status_histories: Vec::new(),
    }
}
