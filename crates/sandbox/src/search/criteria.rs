//! searchCriteria out of a query string, in snake case or camel case, percent-encoded or not.

use std::borrow::Cow;

use axum::http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Fields;
use super::condition::Condition;
use crate::answer::Answer;
use crate::members::required;

const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 300;
/// So that a page times its size stays a number.
const PAGE_MAX: usize = 1_000_000;
const PARTS_MAX: usize = 500;
const VALUE_BYTES_MAX: usize = 8_192;
/// A pattern costs its length times that of the field.
const PATTERN_BYTES_MAX: usize = 255;

#[derive(Debug)]
pub struct Criteria {
    /// All groups have to be met, by one of their filters each.
    pub groups: Vec<Vec<Filter>>,
    pub orders: Vec<Order>,
    pub page_size: usize,
    pub current_page: usize,
    echo: Vec<Value>,
}

#[derive(Debug)]
pub struct Filter {
    pub member: String,
    pub condition: Condition,
}

#[derive(Debug)]
pub struct Order {
    pub member: String,
    pub direction: Direction,
}

#[derive(Debug, Clone, Copy)]
pub enum Direction {
    Ascending,
    Descending,
}

/// The query's parts by place, before they are understood; places are what stands between brackets.
#[derive(Debug, Default)]
struct Parts {
    is_asked: bool,
    groups: Vec<(String, Vec<(String, RawFilter)>)>,
    orders: Vec<(String, RawOrder)>,
    page_size: Option<String>,
    current_page: Option<String>,
}

#[derive(Debug, Default)]
struct RawFilter {
    field: Option<String>,
    value: String,
    condition_type: Option<String>,
}

#[derive(Debug, Default)]
struct RawOrder {
    field: Option<String>,
    direction: Option<String>,
}

impl Criteria {
    pub fn parse(query: &str, fields: &Fields) -> Result<Self, Answer> {
        let parts = Parts::parse(query)?;
        if !parts.is_asked {
            return Err(required("searchCriteria"));
        }
        let mut criteria = Self {
            groups: Vec::new(),
            orders: Vec::new(),
            page_size: count(parts.page_size.as_deref(), PAGE_SIZE_DEFAULT)?,
            current_page: count(parts.current_page.as_deref(), 1)?.min(PAGE_MAX),
            echo: Vec::new(),
        };
        if criteria.page_size > PAGE_SIZE_MAX {
            let message = "Maximum SearchCriteria pageSize is %max";
            return Err(Answer::refusal(StatusCode::BAD_REQUEST, message, &json!({ "max": PAGE_SIZE_MAX })));
        }
        for (_, group) in parts.groups {
            let (mut filters, mut echoes) = (Vec::new(), Vec::new());
            for (_, raw) in group {
                let (filter, echo) = raw.understood(fields)?;
                filters.push(filter);
                echoes.push(echo);
            }
            criteria.groups.push(filters);
            criteria.echo.push(json!({ "filters": echoes }));
        }
        for (_, raw) in parts.orders {
            criteria.orders.push(raw.understood(fields)?);
        }
        Ok(criteria)
    }

    /// As lists repeat what they were asked for.
    pub fn echo(&self) -> Value {
        let orders = self.orders.iter().map(|order| match order.direction {
            Direction::Ascending => json!({ "field": order.member, "direction": "ASC" }),
            Direction::Descending => json!({ "field": order.member, "direction": "DESC" }),
        });
        let mut echo = json!({
            "filter_groups": self.echo, "page_size": self.page_size, "current_page": self.current_page,
        });
        if !self.orders.is_empty() {
            echo["sort_orders"] = orders.collect();
        }
        echo
    }
}

impl Parts {
    fn parse(query: &str) -> Result<Self, Answer> {
        let mut parts = Self::default();
        let mut count = 0;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name);
            let Some(path) = name.strip_prefix("searchCriteria").or_else(|| name.strip_prefix("search_criteria"))
            else {
                continue;
            };
            count += 1;
            if count > PARTS_MAX {
                return Err(Answer::unreadable("searchCriteria has too many parts"));
            }
            parts.is_asked = true;
            parts.take(path, decoded(value).into_owned()).ok_or_else(|| not_understood(&name))?;
        }
        Ok(parts)
    }

    /// `None` when searchCriteria have no such place.
    fn take(&mut self, path: &str, value: String) -> Option<()> {
        if value.len() > VALUE_BYTES_MAX {
            return None;
        }
        match places(path)?.as_slice() {
            [] => {}
            ["pageSize" | "page_size"] => self.page_size = Some(value),
            ["currentPage" | "current_page"] => self.current_page = Some(value),
            ["sortOrders" | "sort_orders", index, member] => {
                let order = entry(&mut self.orders, index);
                match *member {
                    "field" => order.field = Some(value),
                    "direction" => order.direction = Some(value),
                    _ => return None,
                }
            }
            ["filter_groups" | "filterGroups", group, "filters", index, member] => {
                let filter = entry(entry(&mut self.groups, group), index);
                match *member {
                    "field" => filter.field = Some(value),
                    "value" => filter.value = value,
                    "condition_type" | "conditionType" => filter.condition_type = Some(value),
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }
}

impl RawFilter {
    fn understood(self, fields: &Fields) -> Result<(Filter, Value), Answer> {
        let field = self.field.ok_or_else(|| required("field"))?;
        let kind = self.condition_type.unwrap_or_else(|| "eq".to_owned());
        if kind.ends_with("like") && self.value.len() > PATTERN_BYTES_MAX {
            return Err(Answer::invalid("value", &self.value));
        }
        let condition = Condition::parse(&kind, &self.value).ok_or_else(|| Answer::invalid("condition_type", &kind))?;
        let echo = json!({ "field": field, "value": self.value, "condition_type": kind });
        Ok((Filter { member: fields.member(&field)?.to_owned(), condition }, echo))
    }
}

impl RawOrder {
    fn understood(self, fields: &Fields) -> Result<Order, Answer> {
        let field = self.field.ok_or_else(|| required("field"))?;
        // Commerce sorts downwards when it is not told.
        let direction = match self.direction.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("" | "DESC") => Direction::Descending,
            Some("ASC") => Direction::Ascending,
            Some(other) => return Err(Answer::invalid("direction", other)),
        };
        Ok(Order { member: fields.member(&field)?.to_owned(), direction })
    }
}

/// What stands between the brackets of `[a][b][c]`.
fn places(path: &str) -> Option<Vec<&str>> {
    if path.is_empty() {
        return Some(Vec::new());
    }
    Some(path.strip_prefix('[')?.strip_suffix(']')?.split("][").collect())
}

fn entry<'a, T: Default>(entries: &'a mut Vec<(String, T)>, key: &str) -> &'a mut T {
    let index = entries.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
        entries.push((key.to_owned(), T::default()));
        entries.len() - 1
    });
    &mut entries[index].1
}

fn count(text: Option<&str>, otherwise: usize) -> Result<usize, Answer> {
    match text {
        None => Ok(otherwise),
        Some(text) => text.parse().ok().filter(|count| *count > 0).ok_or_else(|| Answer::wrong_type(text, "int")),
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    let spaced: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    match percent_decode_str(&spaced).decode_utf8_lossy() {
        Cow::Borrowed(_) => spaced,
        Cow::Owned(decoded) => decoded.into(),
    }
}

fn not_understood(name: &str) -> Answer {
    Answer::refusal(
        StatusCode::BAD_REQUEST,
        "searchCriteria have no part \"%1\".",
        &json!([crate::answer::shortened(name)]),
    )
}
