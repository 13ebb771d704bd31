use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::Service;
use crate::management::call::{Call, Parameters};
use crate::management::catalogue;
use crate::management::hal::{Places, link};
use crate::management::registrations::view::Views;
use crate::problem::Problem;

const SIZE: usize = 10;
const SIZE_MAX: usize = 100;

/// `GET /events/{org}/registrations`: the only list that comes in pages.
pub(super) async fn list(State(service): State<Service>, call: Call, query: Parameters) -> Result<Response, Problem> {
    let number = whole(query.one("page")?, 0, 0..=usize::MAX, "the parameter `page` must be a whole number from 0")?;
    let size =
        whole(query.one("size")?, SIZE, 1..=SIZE_MAX, "the parameter `size` must be a whole number from 1 to 100")?;
    let catalogue = catalogue(&service).await?;
    let views = Views::new(&service, &catalogue).await?;
    let total = catalogue.registrations.len();
    let skipped = number.saturating_mul(size);
    let shown: Vec<_> =
        catalogue.registrations.iter().skip(skipped).take(size).map(|registration| views.of(registration)).collect();
    let pages = total.div_ceil(size);
    let last = pages.saturating_sub(1);
    let place = Places::new(&service).registrations_of_org();
    let page = |number: usize| link(format!("{place}?page={number}&size={size}"));
    let mut links = json!({"first": page(0), "last": page(last), "self": page(number)});
    if number < last {
        links["next"] = page(number + 1);
    }
    if number > 0 {
        // From behind the end, back to where there is something.
        links["prev"] = page((number - 1).min(last));
    }
    Ok(call.media.ok(json!({
        "page": {
            "size": size,
            "number": number,
            "numberOfElements": shown.len(),
            "totalElements": total,
            "totalPages": pages,
        },
        "_links": links,
        "_embedded": {"registrations": shown},
    })))
}

fn whole(
    text: Option<&str>,
    default: usize,
    range: std::ops::RangeInclusive<usize>,
    rule: &str,
) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| Problem::bad_request(rule))
}
