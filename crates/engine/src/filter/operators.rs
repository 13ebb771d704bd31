use std::ops::Bound;

use serde_json::{Map, Value};

use super::STRING_BYTES_MAX;
use super::condition::{Condition, Scalar};
use super::error::{FilterError, Place, Quoted, Rule};
use super::network::Network;
use super::number::{self, Numeral, Range};
use super::parser::Parser;

const ANYTHING_BUT: &str = "anything-but";
const PREFIX: &str = "prefix";
const SUFFIX: &str = "suffix";
const NUMERIC: &str = "numeric";
const EXISTS: &str = "exists";
const EQUALS_IGNORE_CASE: &str = "equals-ignore-case";
const CIDR: &str = "cidr";

pub(super) const OPERATORS: [&str; 7] = [ANYTHING_BUT, PREFIX, SUFFIX, NUMERIC, EXISTS, EQUALS_IGNORE_CASE, CIDR];

/// Reads one item of a leaf: a scalar, or an object with one operator.
pub(super) fn condition(parser: &mut Parser, place: &Place<'_>, value: &Value) -> Result<Condition, FilterError> {
    parser.count(place)?;
    match value {
        Value::Array(_) => Err(place.breaks(Rule::NestedArray)),
        Value::Object(object) => operator(parser, place, object),
        Value::Null => Ok(Condition::Equal(Scalar::Null)),
        Value::Bool(value) => Ok(Condition::Equal(Scalar::Bool(*value))),
        Value::Number(number) => Ok(Condition::Equal(Scalar::Number(Numeral::from(number)))),
        Value::String(text) => Ok(Condition::Equal(Scalar::Text(short(place, text)?.to_owned()))),
    }
}

fn operator(parser: &mut Parser, place: &Place<'_>, object: &Map<String, Value>) -> Result<Condition, FilterError> {
    let (name, operand) = only_member(object).ok_or_else(|| place.breaks(Rule::NotOneOperator))?;
    let inner = place.member(name);
    match name {
        ANYTHING_BUT => anything_but(parser, &inner, operand),
        PREFIX => Ok(Condition::Prefix(text(&inner, PREFIX, operand)?.to_owned())),
        SUFFIX => Ok(Condition::Suffix(text(&inner, SUFFIX, operand)?.to_owned())),
        NUMERIC => numeric(&inner, operand).map(Condition::Numeric),
        EXISTS => match operand {
            Value::Bool(true) => Ok(Condition::Present),
            Value::Bool(false) => Ok(Condition::Absent),
            _ => Err(inner.breaks(Rule::NoBoolean)),
        },
        EQUALS_IGNORE_CASE => Ok(Condition::equal_ignore_case(text(&inner, EQUALS_IGNORE_CASE, operand)?)),
        CIDR => {
            let text = text(&inner, CIDR, operand)?;
            let network = Network::parse(text).ok_or_else(|| inner.breaks(Rule::NoNetwork(Quoted::new(text))))?;
            Ok(Condition::Network(network))
        }
        unknown => Err(place.breaks(Rule::UnknownOperator(Quoted::new(unknown)))),
    }
}

fn anything_but(parser: &mut Parser, place: &Place<'_>, operand: &Value) -> Result<Condition, FilterError> {
    match operand {
        Value::Object(object) => match only_member(object) {
            Some((PREFIX | SUFFIX, _)) => Ok(Condition::NoneOf(vec![operator(parser, place, object)?])),
            _ => Err(place.breaks(Rule::AnythingBut)),
        },
        Value::Array(items) if items.is_empty() => Err(place.breaks(Rule::AnythingBut)),
        Value::Array(items) => {
            let mut unwanted = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let place = place.item(index);
                if item.is_object() || item.is_array() {
                    return Err(place.breaks(Rule::NoScalar));
                }
                unwanted.push(condition(parser, &place, item)?);
            }
            Ok(Condition::NoneOf(unwanted))
        }
        scalar => Ok(Condition::NoneOf(vec![condition(parser, place, scalar)?])),
    }
}

fn numeric(place: &Place<'_>, operand: &Value) -> Result<Range, FilterError> {
    match operand.as_array().map(Vec::as_slice) {
        Some([sign, number]) => comparison(place, 0, sign, number),
        Some([sign, number, other_sign, other_number]) => {
            let bounds = (comparison(place, 0, sign, number)?, comparison(place, 2, other_sign, other_number)?);
            let range = match bounds {
                ((lower, Bound::Unbounded), (Bound::Unbounded, upper))
                | ((Bound::Unbounded, upper), (lower, Bound::Unbounded)) => (lower, upper),
                _ => return Err(place.breaks(Rule::NoRange)),
            };
            if number::is_empty(&range) { Err(place.breaks(Rule::EmptyRange)) } else { Ok(range) }
        }
        _ => Err(place.breaks(Rule::Numeric)),
    }
}

/// Reads the comparison whose sign is the operand's item `index`.
fn comparison(place: &Place<'_>, index: usize, sign: &Value, number: &Value) -> Result<Range, FilterError> {
    let sign = sign.as_str().ok_or_else(|| place.item(index).breaks(Rule::Numeric))?;
    let number = number.as_number().ok_or_else(|| place.item(index + 1).breaks(Rule::NoNumber))?;
    let number = Numeral::from(number);
    match sign {
        "<" => Ok((Bound::Unbounded, Bound::Excluded(number))),
        "<=" => Ok((Bound::Unbounded, Bound::Included(number))),
        "=" => Ok((Bound::Included(number), Bound::Included(number))),
        ">=" => Ok((Bound::Included(number), Bound::Unbounded)),
        ">" => Ok((Bound::Excluded(number), Bound::Unbounded)),
        unknown => Err(place.item(index).breaks(Rule::UnknownComparison(Quoted::new(unknown)))),
    }
}

fn only_member(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = object.iter();
    let (name, value) = members.next()?;
    members.next().is_none().then_some((name.as_str(), value))
}

fn text<'a>(place: &Place<'_>, operator: &'static str, operand: &'a Value) -> Result<&'a str, FilterError> {
    short(place, operand.as_str().ok_or_else(|| place.breaks(Rule::NoText(operator)))?)
}

fn short<'a>(place: &Place<'_>, text: &'a str) -> Result<&'a str, FilterError> {
    if text.len() > STRING_BYTES_MAX { Err(place.breaks(Rule::StringTooLong)) } else { Ok(text) }
}
