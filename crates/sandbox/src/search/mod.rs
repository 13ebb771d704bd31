//! Lists by searchCriteria: which documents, in which order, and one page of them.

use std::cmp::Ordering;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::Answer;

mod condition;
mod criteria;

use criteria::{Criteria, Direction};

/// What can be searched for in one kind of documents.
#[derive(Debug)]
pub struct Fields {
    /// With none, every name is a field: products have any attribute.
    pub known: &'static [&'static str],
    /// Other names of members.
    pub aliases: &'static [(&'static str, &'static str)],
}

impl Fields {
    /// The member behind the name.
    fn member<'a>(&self, name: &'a str) -> Result<&'a str, Answer> {
        let alias = self.aliases.iter().find(|(alias, _)| *alias == name);
        let member = alias.map_or(name, |(_, member)| member);
        if self.known.is_empty() || self.known.contains(&member) {
            return Ok(member);
        }
        Err(Answer::refusal(StatusCode::BAD_REQUEST, "Invalid attribute name: %1", &json!([name])))
    }
}

/// The page that the query asks for.
pub fn page<'a, T: Serialize + 'a>(
    query: &str,
    fields: &Fields,
    documents: impl Iterator<Item = &'a T>,
) -> Result<Bytes, Answer> {
    let criteria = Criteria::parse(query, fields)?;
    let mut found: Vec<Found<'a, T>> = Vec::new();
    for document in documents {
        if criteria.takes_all_as_they_come() {
            found.push(Found { document, keys: Vec::new() });
            continue;
        }
        let Ok(value) = serde_json::to_value(document) else { continue };
        if criteria.matches(&value) {
            let keys = criteria.orders.iter().map(|order| field(&value, &order.member).cloned().unwrap_or_default());
            found.push(Found { document, keys: keys.collect() });
        }
    }
    if !criteria.orders.is_empty() {
        found.sort_by(|left, right| criteria.order(&left.keys, &right.keys));
    }
    let total_count = found.len();
    let items: Vec<&T> = found[criteria.window(total_count)].iter().map(|found| found.document).collect();
    let list = Listed { items, search_criteria: criteria.echo(), total_count };
    serde_json::to_vec(&list).map(Bytes::from).map_err(|_| Answer::unreadable("the list cannot be written as JSON"))
}

/// What this member has to equal in every document that the query finds, in lower case.
pub fn wanted(query: &str, fields: &Fields, member: &str) -> Option<String> {
    let criteria = Criteria::parse(query, fields).ok()?;
    criteria.groups.iter().find_map(|group| match group.as_slice() {
        [filter] if filter.member == member => filter.condition.equal_to().map(ToOwned::to_owned),
        _ => None,
    })
}

struct Found<'a, T> {
    document: &'a T,
    keys: Vec<Value>,
}

#[derive(Serialize)]
struct Listed<'a, T> {
    items: Vec<&'a T>,
    search_criteria: Value,
    total_count: usize,
}

impl Criteria {
    fn takes_all_as_they_come(&self) -> bool {
        self.groups.is_empty() && self.orders.is_empty()
    }

    fn matches(&self, document: &Value) -> bool {
        let is_met = |filter: &criteria::Filter| filter.condition.is_met(field(document, &filter.member));
        self.groups.iter().all(|group| group.iter().any(is_met))
    }

    fn order(&self, left: &[Value], right: &[Value]) -> Ordering {
        let pairs = self.orders.iter().zip(left.iter().zip(right));
        let orders = pairs.map(|(order, (left, right))| {
            let ascending = condition::compare(left, right);
            match order.direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }

    /// A page beyond the last is the last, as in Commerce.
    fn window(&self, total_count: usize) -> std::ops::Range<usize> {
        let last = total_count.div_ceil(self.page_size).max(1);
        let start = (self.current_page.min(last) - 1) * self.page_size;
        start..(start + self.page_size).min(total_count)
    }
}

/// A member, or the custom attribute of that code.
fn field<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    document.get(name).or_else(|| {
        let attributes = document.get("custom_attributes")?.as_array()?;
        attributes.iter().find(|attribute| attribute["attribute_code"] == name)?.get("value")
    })
}
