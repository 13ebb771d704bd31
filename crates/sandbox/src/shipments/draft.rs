//! What a client wants a shipment to be, in the two forms that Commerce takes: shipping an order, and the
//! shipment itself.

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::members::{Members, flag, integer, line, list, object, required, text};
use crate::quantity::Quantity;
use crate::stock::{is_source, no_source};

const ENTITY_NOT_KEPT: [&str; 12] = [
    "increment_id",
    "store_id",
    "customer_id",
    "billing_address_id",
    "shipping_address_id",
    "shipment_status",
    "shipping_label",
    "email_sent",
    "total_qty",
    "total_weight",
    "created_at",
    "updated_at",
];
const ITEM_NOT_KEPT: [&str; 10] = [
    "parent_id",
    "additional_data",
    "description",
    "extension_attributes",
    "name",
    "price",
    "product_id",
    "row_total",
    "sku",
    "weight",
];
const TRACK_NOT_KEPT: [&str; 8] =
    ["parent_id", "order_id", "weight", "qty", "description", "created_at", "updated_at", "extension_attributes"];
const COMMENT_NOT_KEPT: [&str; 3] = ["parent_id", "created_at", "extension_attributes"];

#[derive(Debug)]
pub struct Draft {
    pub items: Vec<Item>,
    pub tracks: Vec<Track>,
    pub comments: Vec<Comment>,
    pub packages: Option<Vec<Value>>,
    pub source_code: Option<String>,
}

/// The body of `shipment`.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Entity {
    pub entity_id: Option<u64>,
    pub order_id: u64,
    pub draft: Draft,
}

/// A part with an id is a known one, whose other members may be left out.
#[derive(Debug)]
pub struct Item {
    pub entity_id: Option<u64>,
    pub order_item_id: Option<u64>,
    pub qty: Option<Quantity>,
}

#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Track {
    pub entity_id: Option<u64>,
    pub track_number: Option<String>,
    pub title: Option<String>,
    pub carrier_code: Option<String>,
}

#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "as Commerce names them")]
pub struct Comment {
    pub entity_id: Option<u64>,
    pub comment: Option<String>,
    pub is_customer_notified: Option<u8>,
    pub is_visible_on_front: Option<u8>,
}

impl Draft {
    /// The body of `order/{id}/ship`. Everything in it may be left out.
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut request = Members::of_body("A request", body)?;
        let is_notified = request.take("notify", flag)? == Some(1);
        let is_appended = request.take("appendComment", flag)? == Some(1);
        let of_order = source_code(request.take("extension_attributes", object)?)?;
        let of_arguments = match request.take("arguments", object)? {
            Some(arguments) => {
                let mut arguments = Members::of("An argument", Value::Object(arguments))?;
                source_code(arguments.take("extension_attributes", object)?)?
            }
            None => None,
        };
        let comment = request.take("comment", object)?.map(|comment| Comment::read(Value::Object(comment)));
        let comment = comment
            .transpose()?
            .map(|comment| Comment { is_customer_notified: Some(u8::from(is_notified && is_appended)), ..comment });
        Ok(Self {
            items: parts(&mut request, "items", Item::read)?,
            tracks: parts(&mut request, "tracks", Track::read)?,
            comments: comment.into_iter().collect(),
            packages: request.take("packages", list)?,
            source_code: of_arguments.or(of_order),
        })
    }
}

impl Entity {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut members = Members::inside("A shipment", "entity", body)?;
        let entity = Self {
            entity_id: members.take("entity_id", integer)?,
            order_id: members.need("order_id", integer)?,
            draft: Draft {
                items: parts(&mut members, "items", Item::read)?,
                tracks: parts(&mut members, "tracks", Track::read)?,
                comments: parts(&mut members, "comments", Comment::read)?,
                packages: members.take("packages", list)?,
                source_code: source_code(members.take("extension_attributes", object)?)?,
            },
        };
        members.finish(&ENTITY_NOT_KEPT)?;
        Ok(entity)
    }
}

impl Item {
    fn read(value: Value) -> Result<Self, Answer> {
        let mut members = Members::of("An item of a shipment", value)?;
        let item = Self {
            entity_id: members.take("entity_id", integer)?,
            order_item_id: members.take("order_item_id", integer)?,
            qty: members.take("qty", Quantity::read_positive)?,
        };
        members.finish(&ITEM_NOT_KEPT)?;
        needed(item.entity_id, "order_item_id", item.order_item_id.is_some())?;
        needed(item.entity_id, "qty", item.qty.is_some())?;
        Ok(item)
    }
}

impl Track {
    fn read(value: Value) -> Result<Self, Answer> {
        let mut members = Members::of("A track of a shipment", value)?;
        let track = Self {
            entity_id: members.take("entity_id", integer)?,
            track_number: members.take("track_number", line)?,
            title: members.take("title", line)?,
            carrier_code: members.take("carrier_code", line)?,
        };
        members.finish(&TRACK_NOT_KEPT)?;
        needed(track.entity_id, "track_number", track.track_number.is_some())?;
        needed(track.entity_id, "title", track.title.is_some())?;
        needed(track.entity_id, "carrier_code", track.carrier_code.is_some())?;
        Ok(track)
    }
}

impl Comment {
    fn read(value: Value) -> Result<Self, Answer> {
        let mut members = Members::of("A comment of a shipment", value)?;
        let comment = Self {
            entity_id: members.take("entity_id", integer)?,
            comment: members.take("comment", text)?,
            is_customer_notified: members.take("is_customer_notified", flag)?,
            is_visible_on_front: members.take("is_visible_on_front", flag)?,
        };
        members.finish(&COMMENT_NOT_KEPT)?;
        needed(comment.entity_id, "comment", comment.comment.is_some())?;
        Ok(comment)
    }
}

fn parts<T>(members: &mut Members, name: &str, read: impl Fn(Value) -> Result<T, Answer>) -> Result<Vec<T>, Answer> {
    members.take(name, list)?.unwrap_or_default().into_iter().map(read).collect()
}

/// A new part needs the member.
fn needed(entity_id: Option<u64>, name: &str, is_there: bool) -> Result<(), Answer> {
    if entity_id.is_some() || is_there { Ok(()) } else { Err(required(name)) }
}

fn source_code(extension: Option<Map<String, Value>>) -> Result<Option<String>, Answer> {
    let extension = Value::Object(extension.unwrap_or_default());
    match Members::of("An extension", extension)?.take("source_code", line)? {
        Some(code) if !is_source(&code) => Err(no_source(&code)),
        code => Ok(code),
    }
}
