//! A YAML file as a tree that knows the line of every node, before any meaning is given to it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{DuplicateKeyPolicy, Error, NonFiniteFloatPolicy, Spanned};

/// Nodes of one file, with aliases counted as often as they are used.
const NODES_MAX: usize = 50_000;
const DEPTH_MAX: usize = 64;

#[derive(Clone)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    /// `.inf` and `.nan`: YAML can say them, JSON cannot.
    NotFinite,
    Text(String),
}

pub(crate) enum Tree {
    Scalar(Scalar),
    List(Vec<Spanned<Tree>>),
    /// In the order of the file, and with every repetition of a key.
    Map(Vec<(Spanned<String>, Spanned<Tree>)>),
}

/// Why a text is not YAML, without any of the text.
pub(crate) struct NotYaml {
    pub(crate) line: u64,
    pub(crate) problem: String,
}

pub(crate) fn parse(text: &str) -> Result<Spanned<Tree>, NotYaml> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_depth: DEPTH_MAX },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX },
        // Kept, to report every repetition and not only the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        // As Adobe's tools read it: `yes` is a text, and so is a key such as 0042.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| NotYaml { line: line(&error, text), problem: describe(error.without_snippet()) })
}

/// The scanner notices an open quote at the end only, which is behind the last line.
fn line(error: &Error, text: &str) -> u64 {
    let lines = u64::try_from(text.lines().count()).unwrap_or(u64::MAX).max(1);
    error.location().map_or(1, |at| at.line().clamp(1, lines))
}

/// Only words of ours and of the scanner: other messages may quote the file, which holds secrets.
fn describe(error: &Error) -> String {
    match error {
        Error::ExternalMessage { msg, .. } => {
            format!("expected YAML: {}", msg.lines().next().unwrap_or_default())
        }
        Error::AliasError { error, .. } => describe(error),
        Error::MultipleDocuments { .. } => "expected one YAML document".to_owned(),
        Error::UnknownAnchor { .. } => "expected an alias of an anchor that exists".to_owned(),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => "expected a map after `<<`".to_owned(),
        Error::NullIntoString { .. } | Error::Unexpected { .. } => "expected a text as key".to_owned(),
        Error::Budget { .. } | Error::AliasReplayLimitExceeded { .. } => {
            format!("expected at most {NODES_MAX} values, at most {DEPTH_MAX} deep")
        }
        _ => "expected YAML".to_owned(),
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Scalar::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Scalar::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(Scalar::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(Scalar::Number(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        let scalar = Number::from_f64(value).map_or(Scalar::NotFinite, Scalar::Number);
        Ok(Tree::Scalar(scalar))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(Scalar::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Tree::Map(map))
    }
}
