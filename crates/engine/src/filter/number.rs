use std::cmp::Ordering;
use std::ops::Bound;

use serde_json::Number;

/// From here on a float is beyond `i128`: 2 to the power of 127.
const WHOLE_END: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

/// A JSON number by its value, however it is written: what is whole is a `Whole`, also `1.0` and `1e3`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Numeral {
    Whole(i128),
    Float(f64),
}

/// Numbers between two bounds.
pub(super) type Range = (Bound<Numeral>, Bound<Numeral>);

impl From<&Number> for Numeral {
    fn from(number: &Number) -> Self {
        if let Some(whole) = number.as_i128() {
            return Self::Whole(whole);
        }
        let float = number.as_f64().expect("a number that is not whole is kept as a float");
        if float.fract() == 0.0 && float.abs() < WHOLE_END {
            return Self::Whole(floor(float));
        }
        Self::Float(float)
    }
}

impl PartialOrd for Numeral {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(other)),
            (Self::Float(one), Self::Float(other)) => one.partial_cmp(other),
            (Self::Whole(whole), Self::Float(float)) => Some(against(*whole, *float)),
            (Self::Float(float), Self::Whole(whole)) => Some(against(*whole, *float).reverse()),
        }
    }
}

/// Whether no number lies between the bounds.
pub(super) fn is_empty(range: &Range) -> bool {
    match range {
        (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
        (Bound::Included(lower) | Bound::Excluded(lower), Bound::Included(upper) | Bound::Excluded(upper)) => {
            lower >= upper
        }
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

/// The two are never equal, because a float that is kept as one has a fraction or is larger than any whole number.
fn against(whole: i128, float: f64) -> Ordering {
    if whole <= floor(float) { Ordering::Less } else { Ordering::Greater }
}

#[expect(clippy::cast_possible_truncation, reason = "beyond `i128` the cast stops at its ends, which compare alike")]
fn floor(float: f64) -> i128 {
    float.floor() as i128
}
