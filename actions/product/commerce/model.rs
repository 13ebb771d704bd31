//! Products as Commerce sends them: whatever the subscription asks for, numbers often as texts.

use sdk::prelude::*;

use crate::backoffice::{key, text};
use crate::product::echo;

/// What the back office carries of this product, too.
pub fn saved(value: &Json) -> Option<Echo> {
    let sku = key(value, "sku")?;
    let (name, description) = (text(value, "name"), text(value, "description"));
    let echo = Echo::from_commerce("product");
    Some(echo::saved(echo, &sku, name.as_deref(), value.0.get("price"), description.as_deref()))
}

pub fn deleted(value: &Json) -> Option<Echo> {
    Some(echo::deleted(Echo::from_commerce("product"), &key(value, "sku")?))
}
