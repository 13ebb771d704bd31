//! Orders and shipments as the back office sends them, and what Commerce knows about both kinds of shipments.

use sdk::json::{Whole, some};
use sdk::prelude::*;

/// An order whose status changed in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct StatusUpdated {
    pub id: Whole,
    pub status: String,
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "bool", skip_serializing_if = "Option::is_none")]
    pub notify_customer: Option<bool>,
}

/// An order that the back office shipped.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShipmentCreated {
    pub order_id: Number,
    pub items: Vec<NewItem>,
    pub tracks: Vec<NewTrack>,
    pub comment: NewComment,
    pub stock_source_code: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewItem {
    pub order_item_id: Number,
    pub qty: Number,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTrack {
    pub track_number: String,
    pub title: String,
    pub carrier_code: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewComment {
    pub comment: String,
    pub visible_on_front: bool,
}

/// A shipment that changed in the back office.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShipmentUpdated {
    pub id: Number,
    pub order_id: Number,
    pub items: Vec<Item>,
    pub tracks: Vec<Track>,
    pub comments: Vec<Comment>,
    pub stock_source_code: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    pub entity_id: Number,
    pub order_item_id: Number,
    pub qty: Number,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Track {
    pub entity_id: Number,
    pub track_number: String,
    pub title: String,
    pub carrier_code: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comment {
    pub entity_id: Number,
    pub notify_customer: bool,
    pub comment: String,
    pub visible_on_front: bool,
}

/// Where a shipment left from; Commerce has it among the extension attributes.
#[derive(Debug, Serialize)]
pub struct Source {
    pub source_code: String,
}
