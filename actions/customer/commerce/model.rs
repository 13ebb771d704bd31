//! Customers and customer groups as Commerce sends them: whatever the subscription asks for, numbers often as texts.

use sdk::prelude::*;

use crate::customer::echo;

/// What the back office carries of this customer, too.
pub fn saved(value: &Json) -> Option<Echo> {
    let text = |name: &str| value.0.get(name).and_then(Value::as_str);
    Some(echo::saved(Echo::from_commerce("customer"), text("email")?, text("firstname"), text("lastname")))
}

pub fn deleted(value: &Json) -> Option<Echo> {
    let id = value.0.get("id").filter(|id| !id.is_null())?;
    Some(echo::deleted(Echo::from_commerce("customer"), id))
}

/// What the back office carries of this group, too.
pub fn group_saved(value: &Json) -> Option<Echo> {
    let code = value.0.get("customer_group_code").and_then(Value::as_str)?;
    Some(echo::group_saved(Echo::from_commerce("customer-group"), code, value.0.get("tax_class_id")))
}

pub fn group_deleted(value: &Json) -> Option<Echo> {
    let id = value.0.get("customer_group_id").filter(|id| !id.is_null())?;
    Some(echo::group_deleted(Echo::from_commerce("customer-group"), id))
}

/// A group is nothing without its code; `null` is one that Commerce does not tell.
pub fn has_code(value: &Json) -> Result<(), Stop> {
    match value.0.get("customer_group_code") {
        Some(code) if *code != "" => Ok(()),
        _ => Err(Stop::reject("missing parameter(s) 'customer_group_code'")),
    }
}
