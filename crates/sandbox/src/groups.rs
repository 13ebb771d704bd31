//! The customer groups of the store. Four are built in and stay.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::collection::{Collection, Limits};
use crate::keep::{KeepError, Keeper};
use crate::members::{Members, integer, line, object, required};
use crate::search::Fields;

pub const LIMITS: Limits = Limits { name: "customer groups", count_max: 10_000, bytes_max: 8 * 1024 * 1024 };
pub const FIELDS: Fields = Fields {
    known: &["id", "code", "tax_class_id", "tax_class_name"],
    aliases: &[("customer_group_id", "id"), ("customer_group_code", "code")],
};
/// The group of customers that have no other.
pub const GENERAL: u64 = 1;
pub const BUILT_IN: [(u64, &str); 4] = [(0, "NOT LOGGED IN"), (GENERAL, "General"), (2, "Wholesale"), (3, "Retailer")];
/// The one tax class for customers that a new store has.
pub const TAX_CLASS_RETAIL: u64 = 3;
pub const KIND: &str = "commerce.customer_group";
const CODE_CHARS_MAX: usize = 32;
const NOT_KEPT: [&str; 2] = ["id", "tax_class_name"];

/// One group as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub id: u64,
    pub code: String,
    pub tax_class_id: u64,
    pub tax_class_name: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extension_attributes: Map<String, Value>,
}

#[derive(Debug)]
pub struct Groups {
    collection: Collection<Group>,
    /// By code in lower case.
    by_code: HashMap<String, u64>,
}

/// What a client wants a group to be.
#[derive(Debug)]
pub struct Draft {
    code: String,
    tax_class_id: Option<u64>,
    extension_attributes: Option<Map<String, Value>>,
}

impl Groups {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { collection: Collection::new(KIND, limits, keeper), by_code: HashMap::new() }
    }

    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let collection: Collection<Group> = Collection::load(KIND, limits, keeper)?;
        let by_code = collection.all().map(|(id, group)| (key(&group.code), id)).collect();
        Ok(Self { collection, by_code })
    }

    pub fn create(&mut self, draft: Draft) -> Result<Bytes, Answer> {
        let tax_class_id = draft.tax_class_id.ok_or_else(|| required("tax_class_id"))?;
        let extension_attributes = draft.extension_attributes.unwrap_or_default();
        let group = Group::new(self.collection.next_id(), draft.code, tax_class_id);
        self.put(Group { extension_attributes, ..group })
    }

    pub fn update(&mut self, id: u64, draft: Draft) -> Result<Bytes, Answer> {
        let known = self.collection.get(id).ok_or_else(|| no_group(id))?;
        let extension_attributes = draft.extension_attributes.unwrap_or_else(|| known.extension_attributes.clone());
        let group = Group::new(id, draft.code, draft.tax_class_id.unwrap_or(known.tax_class_id));
        self.put(Group { extension_attributes, ..group })
    }

    pub fn get(&self, id: u64) -> Result<Bytes, Answer> {
        self.collection.json(id).ok_or_else(|| no_group(id))
    }

    pub fn delete(&mut self, id: u64) -> Result<Bytes, Answer> {
        if BUILT_IN.iter().any(|(built_in, _)| *built_in == id) {
            return Err(Answer::plain("Cannot delete group."));
        }
        let removed = self.collection.remove(id).ok_or_else(|| no_group(id))?;
        self.by_code.remove(&key(&removed.code));
        Ok(Bytes::from_static(b"true"))
    }

    pub fn contains(&self, id: u64) -> bool {
        self.collection.get(id).is_some()
    }

    pub fn all(&self) -> impl Iterator<Item = &Group> {
        self.collection.all().map(|(_, group)| group)
    }

    /// Adds or replaces, unless another group has the code.
    pub fn put(&mut self, group: Group) -> Result<Bytes, Answer> {
        let (id, key_now) = (group.id, key(&group.code));
        if self.by_code.get(&key_now).is_some_and(|holder| *holder != id) {
            return Err(Answer::plain("Customer Group already exists."));
        }
        let key_before = self.collection.get(id).map(|known| key(&known.code));
        let json = self.collection.put(id, group)?;
        if let Some(key_before) = key_before {
            self.by_code.remove(&key_before);
        }
        self.by_code.insert(key_now, id);
        Ok(json)
    }
}

impl Group {
    pub fn new(id: u64, code: String, tax_class_id: u64) -> Self {
        let tax_class_name = match tax_class_id {
            TAX_CLASS_RETAIL => "Retail Customer".to_owned(),
            other => format!("Tax Class {other}"),
        };
        Self { id, code, tax_class_id, tax_class_name, extension_attributes: Map::new() }
    }
}

impl Draft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut members = Members::inside("A customer group", "group", body)?;
        let code = members.take("code", line)?.filter(|code| !code.trim().is_empty());
        let code = code.ok_or_else(|| required("code"))?;
        if code.chars().count() > CODE_CHARS_MAX {
            return Err(Answer::refusal(
                StatusCode::BAD_REQUEST,
                "A customer group's code has at most %1 characters.",
                &json!([CODE_CHARS_MAX]),
            ));
        }
        let draft = Self {
            code,
            tax_class_id: members.take("tax_class_id", Ok)?.map(tax_class).transpose()?,
            extension_attributes: members.take("extension_attributes", object)?,
        };
        members.finish(&NOT_KEPT)?;
        Ok(draft)
    }
}

fn tax_class(value: Value) -> Result<u64, Answer> {
    match integer(value) {
        Ok(id) if id > 0 => Ok(id),
        Ok(id) => Err(Answer::invalid("taxClassId", &id.to_string())),
        Err(other) => {
            Err(Answer::invalid("taxClassId", &other.as_str().map_or_else(|| other.to_string(), str::to_owned)))
        }
    }
}

fn key(code: &str) -> String {
    code.trim().to_lowercase()
}

fn no_group(id: u64) -> Answer {
    Answer::no_entity("id", id)
}
