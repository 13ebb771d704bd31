use std::fmt;
use std::ops::AddAssign;

use serde_json::Value;

/// Commerce keeps four decimals.
const PARTS_PER_UNIT: i64 = 10_000;

/// Far more than any store has; sums of such still fit.
const UNITS_MAX: f64 = 1e11;

/// A quantity in ten-thousandths: sums of decimals have to be exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i64);

impl Quantity {
    pub const NONE: Self = Self(0);

    /// A number, also one that is written as text.
    pub fn read(value: &Value) -> Option<Self> {
        let units = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        (units.abs() <= UNITS_MAX).then(|| Self::of_units(units))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the caller's limit is far within an i64")]
    #[expect(clippy::cast_precision_loss, reason = "the factor is a small number")]
    fn of_units(units: f64) -> Self {
        Self((units * PARTS_PER_UNIT as f64).round() as i64)
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let parts = self.0.unsigned_abs();
        let per_unit = PARTS_PER_UNIT.unsigned_abs();
        let text = format!("{sign}{}.{:04}", parts / per_unit, parts % per_unit);
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value, shown: Option<&str>) {
        let quantity = Quantity::read(value).map(|quantity| quantity.to_string());
        assert_eq!(quantity.as_deref(), shown, "{value}");
    }

    #[test]
    fn numbers_are_read_from_numbers_and_texts() {
        check(&json!(2), Some("2"));
        check(&json!(100), Some("100"));
        check(&json!(1.5), Some("1.5"));
        check(&json!("12.0000"), Some("12"));
        check(&json!(" 0.0001 "), Some("0.0001"));
        check(&json!(0.00001), Some("0"));
        check(&json!(-0.25), Some("-0.25"));
        check(&json!("1e3"), Some("1000"));
        for wrong in [json!(""), json!("two"), json!("NaN"), json!("inf"), json!(1e12), json!(null), json!([1])] {
            check(&wrong, None);
        }
    }

    #[test]
    fn sums_are_exact() {
        let mut sum = Quantity::NONE;
        for _ in 0..3 {
            sum += Quantity::read(&json!(0.1)).unwrap();
        }
        assert_eq!(sum, Quantity::read(&json!("0.3")).unwrap());
    }
}
