//! The products of the store.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::answer::Answer;
use crate::collection::{Collection, Limits};
use crate::draft::{ATTRIBUTE_SET_ID, ATTRIBUTES_MAX, Attribute, Draft};
use crate::keep::{KeepError, Keeper};
use crate::search::Fields;
use crate::time::{Saved, second};

pub const LIMITS: Limits = Limits { name: "products", count_max: 1_000_000, bytes_max: 256 * 1024 * 1024 };
/// Attributes are many, so any name is a field.
pub const FIELDS: Fields = Fields { known: &[], aliases: &[("entity_id", "id")] };
pub const KIND: &str = "commerce.product";
const STATUS_ENABLED: u64 = 1;
pub const STATUS_DISABLED: u64 = 2;
const VISIBILITY_EVERYWHERE: u64 = 4;
const TYPE_SIMPLE: &str = "simple";

/// One product as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    pub id: u64,
    pub sku: String,
    pub name: String,
    pub attribute_set_id: u64,
    pub price: Number,
    pub status: u64,
    pub visibility: u64,
    pub type_id: String,
    pub created_at: String,
    pub updated_at: Saved,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Number>,
    pub extension_attributes: Map<String, Value>,
    #[serde(rename = "product_links")]
    pub links: Vec<Value>,
    pub tier_prices: Vec<Value>,
    pub custom_attributes: Vec<Attribute>,
}

#[derive(Debug)]
pub struct Products {
    collection: Collection<Product>,
    /// By trimmed SKU in lower case: the database behind Commerce compares SKUs without regard to case.
    by_sku: HashMap<String, u64>,
}

impl Products {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { collection: Collection::new(KIND, limits, keeper), by_sku: HashMap::new() }
    }

    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let collection: Collection<Product> = Collection::load(KIND, limits, keeper)?;
        let by_sku = collection.all().map(|(id, product)| (key(&product.sku), id)).collect();
        Ok(Self { collection, by_sku })
    }

    /// POST: creates, or updates the product with that SKU.
    pub fn save(&mut self, draft: Draft, now: Timestamp) -> Result<Bytes, Answer> {
        let sku = draft.sku()?;
        let key = key(&sku);
        if let Some((id, product)) = self.find(&key) {
            let product = product.clone().merged(draft, now)?;
            return self.collection.put(id, product);
        }
        self.put(Product::created(self.collection.next_id(), sku, draft, now)?)
    }

    /// PUT: the SKU of the path wins over that of the body.
    pub fn update(&mut self, sku: &str, draft: Draft, now: Timestamp) -> Result<Bytes, Answer> {
        let (id, product) = self.find(&key(sku)).ok_or_else(Answer::no_product)?;
        let product = product.clone().merged(draft, now)?;
        self.collection.put(id, product)
    }

    pub fn get(&self, sku: &str) -> Result<Bytes, Answer> {
        let id = self.by_sku.get(&key(sku));
        id.and_then(|id| self.collection.json(*id)).ok_or_else(Answer::no_product)
    }

    pub fn delete(&mut self, sku: &str) -> Result<Bytes, Answer> {
        let id = self.by_sku.remove(&key(sku)).ok_or_else(Answer::no_product)?;
        self.collection.remove(id);
        Ok(Bytes::from_static(b"true"))
    }

    pub fn value(&self, sku: &str) -> Option<Value> {
        self.find(&key(sku)).and_then(|(_, product)| serde_json::to_value(product).ok())
    }

    /// As the product has it.
    pub fn known_sku(&self, sku: &str) -> Option<&str> {
        self.find(&key(sku)).map(|(_, product)| product.sku.as_str())
    }

    pub fn id(&self, sku: &str) -> Option<u64> {
        self.by_sku.get(&key(sku)).copied()
    }

    /// In the order of their ids.
    pub fn entities(&self) -> impl Iterator<Item = &Product> {
        self.collection.all().map(|(_, product)| product)
    }

    /// Adds a product; nobody else may have its SKU.
    pub fn put(&mut self, product: Product) -> Result<Bytes, Answer> {
        let (id, key) = (product.id, key(&product.sku));
        let json = self.collection.put(id, product)?;
        self.by_sku.insert(key, id);
        Ok(json)
    }

    fn find(&self, key: &str) -> Option<(u64, &Product)> {
        let id = *self.by_sku.get(key)?;
        self.collection.get(id).map(|product| (id, product))
    }
}

impl Product {
    fn created(id: u64, sku: String, draft: Draft, now: Timestamp) -> Result<Self, Answer> {
        let name = draft.name.clone().ok_or_else(|| Answer::missing("name"))?;
        let attribute_set_id = draft.attribute_set_id.ok_or_else(|| Answer::missing("attribute_set_id"))?;
        let blank = Self { attribute_set_id, created_at: second(now), ..Self::blank(id, sku, name) };
        blank.merged(draft, now)
    }

    pub fn blank(id: u64, sku: String, name: String) -> Self {
        Self {
            id,
            sku,
            name,
            attribute_set_id: ATTRIBUTE_SET_ID,
            price: Number::from(0),
            status: STATUS_ENABLED,
            visibility: VISIBILITY_EVERYWHERE,
            type_id: TYPE_SIMPLE.to_owned(),
            created_at: String::new(),
            updated_at: Saved::default(),
            weight: None,
            extension_attributes: Map::new(),
            links: Vec::new(),
            tier_prices: Vec::new(),
            custom_attributes: Vec::new(),
        }
    }

    /// What the draft leaves out keeps its value.
    fn merged(self, draft: Draft, now: Timestamp) -> Result<Self, Answer> {
        let mut custom_attributes = self.custom_attributes;
        for attribute in draft.custom_attributes.into_iter().flatten() {
            match custom_attributes.iter_mut().find(|known| known.attribute_code == attribute.attribute_code) {
                Some(known) => known.value = attribute.value,
                None => custom_attributes.push(attribute),
            }
        }
        if custom_attributes.len() > ATTRIBUTES_MAX {
            return Err(Answer::store_full(&format!("{ATTRIBUTES_MAX} custom attributes of a product")));
        }
        Ok(Self {
            id: self.id,
            sku: self.sku,
            name: draft.name.unwrap_or(self.name),
            attribute_set_id: draft.attribute_set_id.unwrap_or(self.attribute_set_id),
            price: draft.price.unwrap_or(self.price),
            status: draft.status.unwrap_or(self.status),
            visibility: draft.visibility.unwrap_or(self.visibility),
            type_id: draft.type_id.unwrap_or(self.type_id),
            created_at: self.created_at,
            updated_at: Saved::at(now),
            weight: draft.weight.or(self.weight),
            extension_attributes: draft.extension_attributes.unwrap_or(self.extension_attributes),
            links: draft.product_links.unwrap_or(self.links),
            tier_prices: draft.tier_prices.unwrap_or(self.tier_prices),
            custom_attributes,
        })
    }
}

pub fn key(sku: &str) -> String {
    sku.trim().to_lowercase()
}
