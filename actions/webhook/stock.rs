use std::collections::BTreeMap;

use sdk::{Context, Reply, SearchCriteria, Stop, segment};
use serde::Deserialize;
use serde_json::Value;

use super::cart::Wanted;
use super::quantity::Quantity;

/// Source items that one page has.
const PAGE_SIZE: u32 = 300;

/// Pages of one search; a cart whose stock is spread over more sources than this is not checked.
const PAGES_MAX: u32 = 20;

/// What the SKUs of one search add to its URL at the most: servers refuse longer ones, often from 8 KiB on.
const SKUS_BYTES_MAX: usize = 4_000;

/// What a SKU with a comma adds besides itself: it needs a filter of its own.
const FILTER_BYTES: usize = 300;

/// What can be had of each product, by [`Wanted::key`]: the quantities in its sources that are in stock. Products that
/// inventory does not know are left out.
pub async fn available(cx: &Context, cart: &[Wanted]) -> Result<BTreeMap<String, Quantity>, Stop> {
    let mut available = BTreeMap::new();
    for criteria in searches(cart) {
        search(cx, &criteria, &mut available).await?;
    }
    Ok(available)
}

#[derive(Deserialize)]
struct Page {
    items: Vec<SourceItem>,
    total_count: usize,
}

#[derive(Deserialize)]
struct SourceItem {
    sku: String,
    quantity: Value,
}

/// Adds up one search, page by page.
async fn search(
    cx: &Context,
    criteria: &SearchCriteria,
    available: &mut BTreeMap<String, Quantity>,
) -> Result<(), Stop> {
    let mut items_read = 0;
    for number in 1..=PAGES_MAX {
        let criteria = criteria.clone().page(number, PAGE_SIZE);
        let page = page(cx.commerce().get(format!("inventory/source-items?{criteria}")).await?)?;
        let is_last = page.items.is_empty() || items_read + page.items.len() >= page.total_count;
        items_read += page.items.len();
        for item in page.items {
            let quantity = Quantity::read(&item.quantity).ok_or_else(unreadable)?;
            *available.entry(Wanted::key(&item.sku)).or_default() += quantity;
        }
        if is_last {
            return Ok(());
        }
    }
    Err(Stop::park(format!("the stock is spread over more than {} source items", PAGES_MAX * PAGE_SIZE)))
}

fn page(reply: Reply) -> Result<Page, Stop> {
    if !reply.is_success() {
        return Err(Stop::retry(reply.error.unwrap_or_else(|| format!("Commerce answered {}", reply.status))));
    }
    serde_json::from_value(reply.body).map_err(|error| unreadable().because(error))
}

fn unreadable() -> Stop {
    Stop::park("Commerce's answer is no list of source items")
}

/// As many searches as it takes to keep their URLs short. `in` separates its values by commas, so a SKU that has one
/// stands alone.
fn searches(cart: &[Wanted]) -> Vec<SearchCriteria> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut room = 0;
    for Wanted { sku, .. } in cart {
        let bytes = segment(format!("{sku},")).len() + if sku.contains(',') { FILTER_BYTES } else { 0 };
        match groups.last_mut() {
            Some(group) if bytes <= room => group.push(sku),
            Some(_) | None => {
                groups.push(vec![sku]);
                room = SKUS_BYTES_MAX;
            }
        }
        room = room.saturating_sub(bytes);
    }
    groups.iter().map(|skus| criteria(skus)).collect()
}

fn criteria(skus: &[&str]) -> SearchCriteria {
    let (alone, joined): (Vec<&str>, Vec<&str>) = skus.iter().partition(|sku| sku.contains(','));
    let mut criteria = SearchCriteria::new();
    if !joined.is_empty() {
        criteria = criteria.or("sku", "in", joined.join(","));
    }
    for sku in alone {
        criteria = criteria.or("sku", "eq", sku);
    }
    // Pages of an unsorted search may overlap.
    criteria.filter("status", "eq", 1).ascending("sku").ascending("source_code")
}
