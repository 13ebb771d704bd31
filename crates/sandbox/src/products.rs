//! The products of the store, in memory, within two bounds: how many, and how many bytes of JSON.

use std::collections::HashMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::answer::Answer;
use crate::draft::{ATTRIBUTES_MAX, Attribute, Draft};

const PRODUCTS_MAX: usize = 100_000;
const PRODUCTS_BYTES_MAX: usize = 256 * 1024 * 1024;
const STATUS_ENABLED: u64 = 1;
const VISIBILITY_EVERYWHERE: u64 = 4;
const TYPE_SIMPLE: &str = "simple";

/// One product as the API answers it.
#[derive(Debug, Clone, Serialize)]
struct Product {
    id: u64,
    sku: String,
    name: String,
    attribute_set_id: u64,
    price: Number,
    status: u64,
    visibility: u64,
    type_id: String,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Number>,
    extension_attributes: Map<String, Value>,
    #[serde(rename = "product_links")]
    links: Vec<Value>,
    tier_prices: Vec<Value>,
    custom_attributes: Vec<Attribute>,
}

/// A product and its JSON, which every answer about it repeats.
#[derive(Debug)]
struct Stored {
    product: Product,
    json: Bytes,
}

#[derive(Debug)]
pub struct Products {
    /// By trimmed SKU in lower case: the database behind Commerce compares SKUs without regard to case.
    by_sku: HashMap<String, Stored>,
    last_id: u64,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl Products {
    pub fn new(count_max: usize, bytes_max: usize) -> Self {
        Self { by_sku: HashMap::new(), last_id: 0, bytes: 0, count_max, bytes_max }
    }

    /// POST: creates, or updates the product with that SKU.
    pub fn save(&mut self, draft: Draft, now: Timestamp) -> Result<Bytes, Answer> {
        let sku = draft.sku()?;
        let key = key(&sku);
        if let Some(known) = self.by_sku.get(&key) {
            let product = known.product.clone();
            return self.store(key, product.merged(draft, now));
        }
        if self.by_sku.len() >= self.count_max {
            return Err(Answer::store_full(&format!("{} products", self.count_max)));
        }
        let product = Product::created(self.last_id + 1, sku, draft, now)?;
        let json = self.store(key, product)?;
        self.last_id += 1;
        Ok(json)
    }

    /// PUT: the SKU of the path wins over that of the body.
    pub fn update(&mut self, sku: &str, draft: Draft, now: Timestamp) -> Result<Bytes, Answer> {
        let key = key(sku);
        let product = self.by_sku.get(&key).ok_or_else(Answer::no_product)?.product.clone();
        self.store(key, product.merged(draft, now))
    }

    pub fn get(&self, sku: &str) -> Result<Bytes, Answer> {
        self.by_sku.get(&key(sku)).map(|stored| stored.json.clone()).ok_or_else(Answer::no_product)
    }

    pub fn delete(&mut self, sku: &str) -> Result<Bytes, Answer> {
        let removed = self.by_sku.remove(&key(sku)).ok_or_else(Answer::no_product)?;
        self.bytes -= removed.json.len();
        Ok(Bytes::from_static(b"true"))
    }

    pub fn value(&self, sku: &str) -> Option<Value> {
        self.by_sku.get(&key(sku)).and_then(|stored| serde_json::to_value(&stored.product).ok())
    }

    fn store(&mut self, key: String, product: Product) -> Result<Bytes, Answer> {
        if product.custom_attributes.len() > ATTRIBUTES_MAX {
            return Err(Answer::store_full(&format!("{ATTRIBUTES_MAX} custom attributes of a product")));
        }
        let json = serde_json::to_vec(&product).map_err(|_| Answer::unreadable("the product is no JSON"))?;
        let freed = self.by_sku.get(&key).map_or(0, |stored| stored.json.len());
        let bytes = self.bytes - freed + json.len();
        if bytes > self.bytes_max {
            return Err(Answer::store_full(&format!("{} bytes of products", self.bytes_max)));
        }
        let json = Bytes::from(json);
        self.by_sku.insert(key, Stored { product, json: json.clone() });
        self.bytes = bytes;
        Ok(json)
    }
}

impl Default for Products {
    fn default() -> Self {
        Self::new(PRODUCTS_MAX, PRODUCTS_BYTES_MAX)
    }
}

impl Product {
    fn created(id: u64, sku: String, draft: Draft, now: Timestamp) -> Result<Self, Answer> {
        let blank = Self {
            id,
            sku,
            name: draft.name.clone().ok_or_else(|| Answer::missing("name"))?,
            attribute_set_id: draft.attribute_set_id.ok_or_else(|| Answer::missing("attribute_set_id"))?,
            price: Number::from(0),
            status: STATUS_ENABLED,
            visibility: VISIBILITY_EVERYWHERE,
            type_id: TYPE_SIMPLE.to_owned(),
            created_at: second(now),
            updated_at: String::new(),
            weight: None,
            extension_attributes: Map::new(),
            links: Vec::new(),
            tier_prices: Vec::new(),
            custom_attributes: Vec::new(),
        };
        Ok(blank.merged(draft, now))
    }

    /// What the draft leaves out keeps its value.
    fn merged(self, draft: Draft, now: Timestamp) -> Self {
        let mut custom_attributes = self.custom_attributes;
        for attribute in draft.custom_attributes.into_iter().flatten() {
            match custom_attributes.iter_mut().find(|known| known.attribute_code == attribute.attribute_code) {
                Some(known) => known.value = attribute.value,
                None => custom_attributes.push(attribute),
            }
        }
        Self {
            id: self.id,
            sku: self.sku,
            name: draft.name.unwrap_or(self.name),
            attribute_set_id: draft.attribute_set_id.unwrap_or(self.attribute_set_id),
            price: draft.price.unwrap_or(self.price),
            status: draft.status.unwrap_or(self.status),
            visibility: draft.visibility.unwrap_or(self.visibility),
            type_id: draft.type_id.unwrap_or(self.type_id),
            created_at: self.created_at,
            updated_at: second(now),
            weight: draft.weight.or(self.weight),
            extension_attributes: draft.extension_attributes.unwrap_or(self.extension_attributes),
            links: draft.product_links.unwrap_or(self.links),
            tier_prices: draft.tier_prices.unwrap_or(self.tier_prices),
            custom_attributes,
        }
    }
}

fn key(sku: &str) -> String {
    sku.trim().to_lowercase()
}

fn second(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
