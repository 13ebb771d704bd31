//! The customers of the store. An e-mail address belongs to one customer of a website.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::collection::{Collection, Limits};
use crate::groups::{GENERAL, Groups};
use crate::keep::{KeepError, Keeper};
use crate::members::{Members, all_required, integer, line, object, text};
use crate::search::Fields;
use crate::time::{Saved, second};

pub const LIMITS: Limits = Limits { name: "customers", count_max: 1_000_000, bytes_max: 256 * 1024 * 1024 };
pub const FIELDS: Fields = Fields {
    known: &[
        "id",
        "group_id",
        "website_id",
        "store_id",
        "email",
        "firstname",
        "lastname",
        "middlename",
        "prefix",
        "suffix",
        "dob",
        "taxvat",
        "gender",
        "created_in",
        "created_at",
        "updated_at",
    ],
    aliases: &[("entity_id", "id")],
};
pub const KIND: &str = "commerce.customer";
/// Each has one store view, with the same id.
const WEBSITES: RangeInclusive<u64> = 1..=2;
const WEBSITE_DEFAULT: u64 = 1;
/// Kept as they came.
const OTHER: [&str; 13] = [
    "prefix",
    "middlename",
    "suffix",
    "dob",
    "taxvat",
    "gender",
    "default_billing",
    "default_shipping",
    "confirmation",
    "disable_auto_group_change",
    "addresses",
    "extension_attributes",
    "custom_attributes",
];
const NOT_KEPT: [&str; 5] = ["id", "created_at", "updated_at", "created_in", "rp_token"];

/// One customer as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub id: u64,
    pub group_id: u64,
    pub created_at: String,
    pub updated_at: Saved,
    pub created_in: String,
    pub email: String,
    pub firstname: String,
    pub lastname: String,
    pub store_id: u64,
    pub website_id: u64,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

#[derive(Debug)]
pub struct Customers {
    collection: Collection<Customer>,
    /// By website and address in lower case.
    by_email: HashMap<(u64, String), u64>,
}

/// What a client wants a customer to be.
#[derive(Debug)]
pub struct Draft {
    email: String,
    firstname: String,
    lastname: String,
    group_id: Option<u64>,
    website_id: Option<u64>,
    store_id: Option<u64>,
    other: Map<String, Value>,
}

impl Customers {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { collection: Collection::new(KIND, limits, keeper), by_email: HashMap::new() }
    }

    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let collection: Collection<Customer> = Collection::load(KIND, limits, keeper)?;
        let by_email = collection.all().map(|(id, customer)| (customer.key(), id)).collect();
        Ok(Self { collection, by_email })
    }

    pub fn create(&mut self, draft: Draft, groups: &Groups, now: Timestamp) -> Result<Bytes, Answer> {
        let id = self.collection.next_id();
        let blank = Customer {
            id,
            group_id: GENERAL,
            created_at: second(now),
            updated_at: Saved::default(),
            created_in: "Default Store View".to_owned(),
            email: String::new(),
            firstname: String::new(),
            lastname: String::new(),
            store_id: WEBSITE_DEFAULT,
            website_id: WEBSITE_DEFAULT,
            other: Map::new(),
        };
        self.put(blank.merged(draft, groups, now)?)
    }

    pub fn update(&mut self, id: u64, draft: Draft, groups: &Groups, now: Timestamp) -> Result<Bytes, Answer> {
        let known = self.collection.get(id).ok_or_else(|| no_customer(id))?;
        let customer = known.clone().merged(draft, groups, now)?;
        self.put(customer)
    }

    pub fn get(&self, id: u64) -> Result<Bytes, Answer> {
        self.collection.json(id).ok_or_else(|| no_customer(id))
    }

    pub fn delete(&mut self, id: u64) -> Result<Bytes, Answer> {
        let removed = self.collection.remove(id).ok_or_else(|| no_customer(id))?;
        self.by_email.remove(&removed.key());
        Ok(Bytes::from_static(b"true"))
    }

    /// Its customers go to the general group, as when Commerce deletes one.
    pub fn leave_group(&mut self, group_id: u64) -> Result<(), Answer> {
        let members = self.collection.all().filter(|(_, customer)| customer.group_id == group_id);
        let moved = members.map(|(id, customer)| (id, Customer { group_id: GENERAL, ..customer.clone() }));
        let prepared = self.collection.prepare(moved)?;
        self.collection.commit(prepared);
        Ok(())
    }

    pub fn all(&self) -> impl Iterator<Item = &Customer> {
        self.collection.all().map(|(_, customer)| customer)
    }

    /// Of all websites.
    pub fn with_email(&self, email: &str) -> impl Iterator<Item = &Customer> {
        let email = email.to_lowercase();
        let ids = WEBSITES.filter_map(move |website_id| self.by_email.get(&(website_id, email.clone())));
        ids.filter_map(|id| self.collection.get(*id))
    }

    /// Adds or replaces, unless another customer of the website has the address.
    pub fn put(&mut self, customer: Customer) -> Result<Bytes, Answer> {
        let (id, key) = (customer.id, customer.key());
        if self.by_email.get(&key).is_some_and(|holder| *holder != id) {
            return Err(Answer::plain(
                "A customer with the same email address already exists in an associated website.",
            ));
        }
        let key_before = self.collection.get(id).map(Customer::key);
        let json = self.collection.put(id, customer)?;
        if let Some(key_before) = key_before {
            self.by_email.remove(&key_before);
        }
        self.by_email.insert(key, id);
        Ok(json)
    }
}

impl Customer {
    fn key(&self) -> (u64, String) {
        (self.website_id, self.email.to_lowercase())
    }

    /// What the draft leaves out keeps its value.
    fn merged(self, draft: Draft, groups: &Groups, now: Timestamp) -> Result<Self, Answer> {
        let group_id = draft.group_id.unwrap_or(self.group_id);
        if !groups.contains(group_id) {
            return Err(Answer::invalid("group_id", &group_id.to_string()));
        }
        let website_id = draft.website_id.or(draft.store_id).unwrap_or(self.website_id);
        if !WEBSITES.contains(&website_id) {
            return Err(Answer::invalid("website_id", &website_id.to_string()));
        }
        if draft.store_id.is_some_and(|store_id| store_id != website_id) {
            return Err(Answer::plain("The store view is not in the associated website."));
        }
        let mut other = self.other;
        other.extend(draft.other);
        Ok(Self {
            group_id,
            updated_at: Saved::at(now),
            email: draft.email,
            firstname: draft.firstname,
            lastname: draft.lastname,
            store_id: website_id,
            website_id,
            other,
            ..self
        })
    }
}

impl Draft {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut request = Members::of_body("A request", body)?;
        request.take("password", text)?;
        let mut members = Members::of("A customer", Value::Object(request.need("customer", object)?))?;
        let mut missing = Vec::new();
        let mut filled = |name: &'static str| -> Result<String, Answer> {
            let value = members.take(name, line)?.filter(|value| !value.trim().is_empty());
            if value.is_none() {
                missing.push(name);
            }
            Ok(value.unwrap_or_default())
        };
        let (email, firstname, lastname) = (filled("email")?, filled("firstname")?, filled("lastname")?);
        if !missing.is_empty() {
            return Err(all_required(&missing));
        }
        if !is_address(&email) {
            return Err(Answer::invalid("email", &email));
        }
        let draft = Self {
            email,
            firstname,
            lastname,
            group_id: members.take("group_id", integer)?,
            website_id: members.take("website_id", integer)?,
            store_id: members.take("store_id", integer)?,
            other: members.rest(&OTHER),
        };
        members.finish(&NOT_KEPT)?;
        Ok(draft)
    }
}

fn is_address(text: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.contains(|char: char| char.is_whitespace() || char == '@');
    text.split_once('@').is_some_and(|(name, host)| is_plain(name) && is_plain(host))
}

fn no_customer(id: u64) -> Answer {
    Answer::no_entity("customerId", id)
}
