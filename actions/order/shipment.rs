//! Whether a shipment of Commerce is what a request asks for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::external::shipment_created::ShipOrder;

/// Quantities have four decimals in Commerce's database.
const SAME_QUANTITY: f64 = 0.000_05;

/// It has the items, the tracks and the comment of the request. Commerce adds the parts of a bundle to its items, and
/// takes all that is left when the request names none.
pub fn is_like(shipment: &Value, request: &ShipOrder) -> bool {
    has_items(shipment, request) && has_tracks(shipment, request) && has_comment(shipment, request)
}

fn has_items(shipment: &Value, request: &ShipOrder) -> bool {
    let found = quantities(parts(shipment, "items").map(|item| (item["order_item_id"].as_f64(), item["qty"].as_f64())));
    let wanted = quantities(request.items.iter().map(|item| (item.order_item_id.as_f64(), item.qty.as_f64())));
    wanted.iter().all(|(item, qty)| found.get(item).is_some_and(|found| (found - qty).abs() < SAME_QUANTITY))
}

fn has_tracks(shipment: &Value, request: &ShipOrder) -> bool {
    let mut found: Vec<&str> = parts(shipment, "tracks").filter_map(|track| track["track_number"].as_str()).collect();
    let mut wanted: Vec<&str> = request.tracks.iter().map(|track| &*track.track_number).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    found == wanted
}

fn has_comment(shipment: &Value, request: &ShipOrder) -> bool {
    let wanted = &*request.comment.comment;
    wanted.is_empty() || parts(shipment, "comments").any(|comment| comment["comment"] == wanted)
}

fn parts<'a>(shipment: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    shipment[name].as_array().into_iter().flatten()
}

/// By the bits of the item's number, which are as good a key as the number: `8` and `8.0` have the same.
fn quantities(items: impl Iterator<Item = (Option<f64>, Option<f64>)>) -> BTreeMap<u64, f64> {
    let mut quantities = BTreeMap::new();
    for (item, qty) in items {
        *quantities.entry(item.unwrap_or_default().to_bits()).or_default() += qty.unwrap_or_default();
    }
    quantities
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::order::external::model::Source;
    use crate::order::external::shipment_created::{Arguments, ShipmentComment, ShipmentItem, ShipmentTrack};

    fn request(items: &[(u64, f64)], tracks: &[&str], comment: &str) -> ShipOrder {
        let number = |value| serde_json::Number::from_f64(value).unwrap();
        let item = |(id, qty): &(u64, f64)| ShipmentItem { order_item_id: (*id).into(), qty: number(*qty) };
        let track = |track_number: &&str| ShipmentTrack {
            track_number: (*track_number).to_owned(),
            title: "Van".to_owned(),
            carrier_code: "custom".to_owned(),
        };
        ShipOrder {
            order_id: "17".to_owned(),
            items: items.iter().map(item).collect(),
            tracks: tracks.iter().map(track).collect(),
            comment: ShipmentComment { comment: comment.to_owned(), is_visible_on_front: 0 },
            arguments: Arguments { extension_attributes: Source { source_code: "default".to_owned() } },
        }
    }

    fn check(items: &[(u64, f64)], tracks: &[&str], comment: &str, expected: bool) {
        let shipment = json!({
            "items": [{"order_item_id": 8, "qty": 1}, {"order_item_id": 9.0, "qty": 2.5}],
            "tracks": [{"track_number": "T1"}, {"track_number": "T2"}],
            "comments": [{"comment": "Packed"}, {"comment": "Sent"}],
        });
        assert_eq!(is_like(&shipment, &request(items, tracks, comment)), expected, "{items:?} {tracks:?} {comment}");
    }

    #[test]
    fn content_makes_a_shipment_ours() {
        let (items, tracks) = (&[(8, 1.0), (9, 2.5)][..], &["T2", "T1"][..]);
        check(items, tracks, "Packed", true);
        check(items, tracks, "", true);
        check(&[(9, 1.25), (8, 1.0), (9, 1.25)], tracks, "Sent", true);
        check(&[], tracks, "", true);
        check(&[(8, 1.0)], tracks, "", true);
        check(&[(8, 2.0)], tracks, "", false);
        check(&[(9, 2.4999)], tracks, "", false);
        check(&[(8, 1.0), (10, 1.0)], tracks, "", false);
        check(items, &["T1"], "", false);
        check(items, &["T1", "T1"], "", false);
        check(items, &[], "", false);
        check(items, tracks, "packed", false);
    }

    #[test]
    fn a_shipment_without_parts_is_like_a_request_for_all_that_is_left() {
        assert!(is_like(&json!({}), &request(&[], &[], "")));
        assert!(!is_like(&json!({}), &request(&[(8, 1.0)], &[], "")));
    }
}
