//! Quantities as Commerce's database has them: four decimals, so that sums and comparisons are exact.

use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Number, Value};

const SCALE: i64 = 10_000;
const SCALE_FLOAT: f64 = 10_000.0;
/// What a client may give: eight digits before the point.
const GIVEN_MAX: f64 = 99_999_999.0;
/// What sums of them may come to.
const SUM_MAX: f64 = 1e13;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Quantity(i64);

impl Quantity {
    pub const ZERO: Self = Self(0);

    pub const fn whole(count: u32) -> Self {
        Self(count as i64 * SCALE)
    }

    /// From a number or the text of one; gives the value back when it is none or too large.
    pub fn read(value: Value) -> Result<Self, Value> {
        Self::within(value, GIVEN_MAX)
    }

    /// As `read`, and above zero.
    pub fn read_positive(value: Value) -> Result<Self, Value> {
        match Self::read(value.clone()) {
            Ok(quantity) if quantity > Self::ZERO => Ok(quantity),
            _ => Err(value),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    fn within(value: Value, max: f64) -> Result<Self, Value> {
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse::<Number>().ok().and_then(|number| number.as_f64()),
            _ => None,
        };
        match number.filter(|number| number.abs() <= max) {
            Some(number) => Ok(Self((number * SCALE_FLOAT).round() as i64)),
            None => Err(value),
        }
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Quantity {
    #[expect(clippy::cast_precision_loss, reason = "twelve digits fit")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % SCALE == 0 {
            serializer.serialize_i64(self.0 / SCALE)
        } else {
            serializer.serialize_f64(self.0 as f64 / SCALE_FLOAT)
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::within(Value::deserialize(deserializer)?, SUM_MAX).map_err(|_| de::Error::custom("no quantity"))
    }
}
