use sdk::{Context, Reply};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::{Failure, Remedy};

const QUERY: &str = "query GetProducts($pageSize: Int!, $currentPage: Int!) { \
    products(search: \"\", pageSize: $pageSize, currentPage: $currentPage) { \
    items { name sku price_range { minimum_price { regular_price { value currency } } } stock_status } \
    total_count } }";

/// What an answer repeats of Commerce's words.
const CHARACTERS_SHOWN: usize = 500;

/// One page of the catalogue.
#[derive(Debug, Deserialize)]
pub struct Page {
    pub items: Vec<Value>,
    /// How many products there are in all.
    #[serde(rename = "total_count")]
    pub total: u64,
}

/// Asks Commerce for a page; pages count from 1.
pub async fn products(cx: &Context, page: u32, page_size: u32) -> Result<Page, Failure> {
    let variables = json!({"pageSize": page_size, "currentPage": page});
    let reply = cx.graphql().post("", &json!({"query": QUERY, "variables": variables})).await?;
    if !reply.is_success() {
        return Err(Failure::of_reply(&reply, "Commerce"));
    }
    read(reply)
}

fn read(mut reply: Reply) -> Result<Page, Failure> {
    if let Some(errors) = reply.body.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty()) {
        let said = errors.iter().find_map(|error| error.get("message")?.as_str()).unwrap_or("it gives no reason");
        let said: String = said.chars().take(CHARACTERS_SHOWN).collect();
        let failure = Failure::unusable(format!("Commerce refused the query: {said}"));
        return Err(Failure { remedy: Remedy::Look, ..failure });
    }
    let products = reply.body.pointer_mut("/data/products").map(Value::take).unwrap_or_default();
    Page::deserialize(products).map_err(|_| Failure::unusable("Commerce's answer has no list of products"))
}
