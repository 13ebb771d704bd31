use std::slice;

use serde_json::{Map, Value};

use super::condition::Condition;

/// What is asked of one object.
#[derive(Debug)]
pub(super) struct Pattern {
    members: Vec<(String, Node)>,
    /// Empty where there is no `$or`.
    alternatives: Vec<Pattern>,
    /// Whether an object without any members matches.
    matches_nothing: bool,
}

/// What is asked of one member.
#[derive(Debug)]
pub(super) enum Node {
    Leaf(Vec<Condition>),
    Deeper(Pattern),
}

impl Pattern {
    pub(super) fn new(members: Vec<(String, Node)>, alternatives: Vec<Self>) -> Self {
        let mut pattern = Self { members, alternatives, matches_nothing: false };
        pattern.matches_nothing = pattern.members.iter().all(|(_, node)| node.matches_absent())
            && pattern.any_alternative(|alternative| alternative.matches_nothing);
        pattern
    }

    pub(super) fn matches(&self, object: &Map<String, Value>) -> bool {
        self.members
            .iter()
            .all(|(name, node)| object.get(name).map_or_else(|| node.matches_absent(), |value| node.matches(value)))
            && self.any_alternative(|alternative| alternative.matches(object))
    }

    fn any_alternative(&self, is_match: impl Fn(&Self) -> bool) -> bool {
        self.alternatives.is_empty() || self.alternatives.iter().any(is_match)
    }
}

impl Node {
    fn matches_absent(&self) -> bool {
        match self {
            Self::Leaf(conditions) => conditions.iter().any(|condition| matches!(condition, Condition::Absent)),
            Self::Deeper(pattern) => pattern.matches_nothing,
        }
    }

    fn matches(&self, value: &Value) -> bool {
        let mut is_absent = true;
        for item in Items::of(value) {
            let is_match = match (self, item) {
                (Self::Deeper(pattern), Value::Object(object)) => pattern.matches(object),
                (Self::Leaf(_), Value::Object(_)) | (Self::Deeper(_), _) => continue,
                (Self::Leaf(conditions), scalar) => conditions.iter().any(|condition| condition.matches(scalar)),
            };
            if is_match {
                return true;
            }
            is_absent = false;
        }
        is_absent && self.matches_absent()
    }
}

/// A value, or in place of an array its items, also of arrays within it. Never yields an array.
struct Items<'a> {
    current: slice::Iter<'a, Value>,
    outer: Vec<slice::Iter<'a, Value>>,
}

impl<'a> Items<'a> {
    fn of(value: &'a Value) -> Self {
        Self { current: slice::from_ref(value).iter(), outer: Vec::new() }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        loop {
            match self.current.next() {
                Some(Value::Array(items)) => {
                    let outer = std::mem::replace(&mut self.current, items.iter());
                    // An array that has been read to its end needs no place to return to.
                    if outer.len() > 0 {
                        self.outer.push(outer);
                    }
                }
                Some(item) => return Some(item),
                None => self.current = self.outer.pop()?,
            }
        }
    }
}
