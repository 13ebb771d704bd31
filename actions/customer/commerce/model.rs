//! Customers and customer groups as Commerce sends them: whatever the subscription asks for, numbers often as texts.

use sdk::prelude::*;

use crate::backoffice::{key, missing, text};
use crate::customer::echo;

/// What the back office carries of this customer, too.
pub fn saved(value: &Json) -> Option<Echo> {
    let email = key(value, "email")?;
    let (firstname, lastname) = (text(value, "firstname"), text(value, "lastname"));
    Some(echo::saved(Echo::from_commerce("customer"), &email, firstname.as_deref(), lastname.as_deref()))
}

pub fn deleted(value: &Json) -> Option<Echo> {
    let id = Value::from(key(value, "id")?);
    Some(echo::deleted(Echo::from_commerce("customer"), &id))
}

/// What the back office carries of this group, too.
pub fn group_saved(value: &Json) -> Option<Echo> {
    let code = key(value, "customer_group_code")?;
    Some(echo::group_saved(Echo::from_commerce("customer-group"), &code, value.0.get("tax_class_id")))
}

pub fn group_deleted(value: &Json) -> Option<Echo> {
    let id = Value::from(key(value, "customer_group_id")?);
    Some(echo::group_deleted(Echo::from_commerce("customer-group"), &id))
}

/// A group is nothing without its code; `null` is one that Commerce does not tell.
pub fn has_code(value: &Json) -> Result<(), Stop> {
    match value.0.get("customer_group_code") {
        Some(code) if *code != "" => Ok(()),
        _ => Err(missing("customer_group_code")),
    }
}
