//! One page of the products, as Commerce's GraphQL shows them.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::Mistake;
use super::question::{Page, Question};
use super::schema::Room;
use crate::State;
use crate::answer::Answer;
use crate::products::{Product, STATUS_DISABLED};
use crate::stock::Stock;

const CURRENCY: &str = "USD";

pub fn answer(state: &State, question: &Question) -> Result<Answer, Mistake> {
    let mut data = Map::new();
    let whole = json!({ "products": whole(state, &question.page)? });
    let copied = question.products.copy(&whole, &mut data, &mut Room::of_bytes());
    copied.ok_or_else(|| Mistake("The answer is too large; ask for a smaller page.".to_owned()))?;
    Ok(Answer::of(StatusCode::OK, &json!({ "data": data })))
}

/// With every field, to be selected from.
fn whole(state: &State, page: &Page) -> Result<Value, Mistake> {
    let first = (page.current - 1).saturating_mul(page.size);
    let mut total = 0_usize;
    let mut items = Vec::new();
    for product in state.products.entities().filter(|product| is_shown(product, &page.search)) {
        if total >= first && items.len() < page.size {
            items.push(item(product, &state.stock));
        }
        total += 1;
    }
    let pages = total.div_ceil(page.size);
    if total > 0 && page.current > pages {
        let current = page.current;
        return Err(Mistake(format!(
            "currentPage value {current} specified is greater than the {pages} page(s) available."
        )));
    }
    Ok(json!({
        "items": items,
        "total_count": total,
        "page_info": { "current_page": page.current, "page_size": page.size, "total_pages": pages },
    }))
}

fn is_shown(product: &Product, search: &str) -> bool {
    let is_found = |text: &str| text.to_lowercase().contains(search);
    product.status != STATUS_DISABLED && (search.is_empty() || is_found(&product.name) || is_found(&product.sku))
}

fn item(product: &Product, stock: &Stock) -> Value {
    json!({
        "name": product.name,
        "sku": product.sku,
        "stock_status": stock_status(&product.sku, stock),
        "price_range": {
            "minimum_price": { "regular_price": { "value": product.price, "currency": CURRENCY } },
        },
    })
}

/// What nobody has counted is there.
fn stock_status(sku: &str, stock: &Stock) -> &'static str {
    if stock.is_in_stock(sku).unwrap_or(true) { "IN_STOCK" } else { "OUT_OF_STOCK" }
}
