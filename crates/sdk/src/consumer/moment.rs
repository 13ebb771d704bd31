use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Whether what was saved is new.
pub(super) fn is_new(value: &Value) -> bool {
    match value.get("_isNew").and_then(flag) {
        Some(is_new) => is_new,
        // Commerce saves a new thing with equal dates; later saves differ.
        None => match (moment(value, "created_at"), moment(value, "updated_at")) {
            (Some(created), Some(updated)) => created == updated,
            _ => false,
        },
    }
}

/// Commerce sends flags as booleans, numbers or texts; anything else says nothing.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => {
            number.as_u64().and_then(|number| [false, true].get(usize::try_from(number).ok()?).copied())
        }
        Value::String(text) => match text.as_str() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A date with or without a time, with or without a zone.
fn moment(value: &Value, name: &str) -> Option<Timestamp> {
    let text = value.get(name)?.as_str()?.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(created: impl Into<Value>, updated: impl Into<Value>, is_created: bool) {
        let value = json!({"created_at": created.into(), "updated_at": updated.into()});
        assert_eq!(is_new(&value), is_created, "{value}");
    }

    #[test]
    fn equal_moments_make_a_creation() {
        check("2024-08-05 14:34:19", "2024-08-05 14:34:19", true);
        check("2024-08-05T14:34:19Z", "2024-08-05 14:34:19", true);
        check("2024-08-05T16:34:19+02:00", "2024-08-05 14:34:19", true);
        check("2024-08-05", "2024-08-05 00:00:00", true);
        check("2024-08-05 14:34:19.000", "2024-08-05 14:34:19", true);
        check("2024-08-05 14:34:19", "2024-08-05 14:34:20", false);
    }

    #[test]
    fn what_is_no_date_makes_an_update() {
        check("soon", "soon", false);
        check(Value::Null, Value::Null, false);
        check(1, 1, false);
        assert!(!is_new(&json!({})));
        assert!(!is_new(&Value::Null));
    }

    #[test]
    fn what_commerce_says_itself_counts_before_the_dates() {
        let dates = |flag: Value, updated: &str| {
            is_new(&json!({"_isNew": flag, "created_at": "2024-08-05 14:34:19", "updated_at": updated}))
        };
        let (same, later) = ("2024-08-05 14:34:19", "2024-08-06 14:34:19");
        assert!(dates(json!(true), later) && dates(json!("1"), later) && dates(json!(1), later));
        assert!(!dates(json!(false), same) && !dates(json!("0"), same) && !dates(json!(0), same));
        assert!(dates(json!(null), same) && dates(json!("maybe"), same) && dates(json!(7), same));
    }
}
