use std::collections::BTreeMap;

use sdk::json;
use serde_json::Value;

use super::quantity::Quantity;

const ITEMS_MAX: usize = 500;

/// Commerce has no longer ones.
const SKU_CHARACTERS_MAX: usize = 64;

/// One product of a cart, all of its lines together.
#[derive(Debug)]
pub struct Wanted {
    /// As its first line has it.
    pub sku: String,
    pub quantity: Quantity,
}

impl Wanted {
    /// What SKUs are compared by: Commerce's database knows neither their case nor blanks around them.
    pub fn key(sku: &str) -> String {
        sku.trim().to_lowercase()
    }
}

/// The products that a request asks about, in the order of their first lines; or what is wrong with the request, for
/// whoever set up the webhook.
pub fn read(body: &[u8]) -> Result<Vec<Wanted>, String> {
    let document = json::check(body).ok().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let data = document.as_ref().and_then(|document| document.get("data"));
    let member = |name: &str| data.and_then(|data| data.get(name)).filter(|member| *member != "");
    let (cart, items) = (member("cart_id"), member("items"));
    let missing: Vec<&str> = [("data.cart_id", cart), ("data.items", items)]
        .into_iter()
        .filter_map(|(name, member)| member.is_none().then_some(name))
        .collect();
    let (Some(items), true) = (items, missing.is_empty()) else {
        return Err(format!("missing parameter(s) '{}'", missing.join(",")));
    };
    let items = items.as_array().ok_or("data.items must be a list")?;
    if items.len() > ITEMS_MAX {
        return Err(format!("data.items must have at most {ITEMS_MAX} items"));
    }
    join(items)
}

fn join(items: &[Value]) -> Result<Vec<Wanted>, String> {
    let mut cart: Vec<Wanted> = Vec::new();
    let mut places = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let fault = |problem: String| format!("data.items[{index}]{problem}");
        let wanted = line(item).map_err(fault)?;
        let place = *places.entry(Wanted::key(&wanted.sku)).or_insert(cart.len());
        match cart.get_mut(place) {
            Some(known) => known.quantity += wanted.quantity,
            None => cart.push(wanted),
        }
    }
    Ok(cart)
}

/// One line, or what follows its place in a complaint.
fn line(item: &Value) -> Result<Wanted, String> {
    if !item.is_object() {
        return Err(" must be an object".to_owned());
    }
    let sku = item.get("sku").and_then(Value::as_str).ok_or(".sku must be a text")?.trim();
    if sku.is_empty() {
        return Err(".sku must not be empty".to_owned());
    }
    if sku.chars().count() > SKU_CHARACTERS_MAX {
        return Err(format!(".sku must have at most {SKU_CHARACTERS_MAX} characters"));
    }
    let quantity = item.get("qty").and_then(Quantity::read).filter(|quantity| *quantity > Quantity::NONE);
    let quantity = quantity.ok_or(".qty must be a number greater than 0")?;
    Ok(Wanted { sku: sku.to_owned(), quantity })
}
