//! Products as Commerce sends them: whatever the subscription asks for, numbers often as texts.

use sdk::prelude::*;

use crate::product::echo;

/// What the back office carries of this product, too.
pub fn saved(value: &Json) -> Option<Echo> {
    let text = |name: &str| value.0.get(name).and_then(Value::as_str);
    let echo = Echo::from_commerce("product");
    Some(echo::saved(echo, text("sku")?, text("name"), value.0.get("price"), text("description")))
}

pub fn deleted(value: &Json) -> Option<Echo> {
    let sku = value.0.get("sku").and_then(Value::as_str)?;
    Some(echo::deleted(Echo::from_commerce("product"), sku))
}
