//! What both directions carry of a customer and of a customer group. The echoes are of the entities `customer` and
//! `customer-group`.

use sdk::prelude::*;

use crate::id;

/// A customer who was created or updated. A new one has no id in the back office yet, so the e-mail is the key.
pub fn saved(echo: Echo, email: &str, firstname: Option<&str>, lastname: Option<&str>) -> Echo {
    echo.saved(email).text("firstname", firstname).text("lastname", lastname)
}

/// A customer who is gone.
pub fn deleted(echo: Echo, id: &Value) -> Echo {
    echo.deleted(key(id))
}

/// A group that was created or updated.
pub fn group_saved(echo: Echo, code: &str, tax_class_id: Option<&Value>) -> Echo {
    echo.saved(code).number("tax_class_id", tax_class_id.filter(|id| !id.is_null()))
}

/// A group that is gone.
pub fn group_deleted(echo: Echo, id: &Value) -> Echo {
    echo.deleted(key(id))
}

/// Commerce sends ids as numbers or as texts: `15` and `"15"` are one key.
fn key(id: &Value) -> String {
    match id {
        Value::Number(number) => id::text(number),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_the_same_key_in_every_spelling() {
        let subject = |id: Value| deleted(Echo::to_commerce("customer"), &id).subject();
        assert_eq!(subject(json!(15)), subject(json!("15")));
        assert_eq!(subject(json!(15)), subject(json!(15.0)));
        assert_ne!(subject(json!(15)), subject(json!(16)));
    }

    #[test]
    fn null_is_a_field_that_is_not_carried() {
        let saved = |id: Option<&Value>| group_saved(Echo::to_commerce("customer-group"), "North", id);
        assert_eq!(saved(Some(&Value::Null)).fields(), saved(None).fields());
        assert_eq!(saved(Some(&json!("3"))).fields(), saved(Some(&json!(3))).fields());
    }
}
