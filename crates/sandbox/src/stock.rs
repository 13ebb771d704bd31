//! How much of a SKU each source has. A SKU need not be a product: stock may be known first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::collection::{Collection, Limits, Prepared};
use crate::draft::SKU_CHARS_MAX;
use crate::eventing::STOCK_ITEM_KIND;
use crate::keep::{KeepError, Keeper};
use crate::members::{Members, flag, line, list};
use crate::products::key;
use crate::quantity::Quantity;
use crate::search::Fields;

pub const LIMITS: Limits = Limits { name: "source items", count_max: 200_000, bytes_max: 64 * 1024 * 1024 };
pub const FIELDS: Fields = Fields { known: &["sku", "source_code", "quantity", "status"], aliases: &[] };
pub const SOURCE_DEFAULT: &str = "default";
const SOURCES: [&str; 2] = [SOURCE_DEFAULT, "warehouse"];
const KIND: &str = "commerce.source_item";
const IN_STOCK: u8 = 1;
const OUT_OF_STOCK: u8 = 0;
/// How many mistakes of one list are told.
const ERRORS_MAX: usize = 20;

/// One source item as the API answers it; its id stays within.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceItem {
    pub sku: String,
    pub source_code: String,
    pub quantity: Quantity,
    pub status: u8,
}

#[derive(Debug)]
pub struct Stock {
    collection: Collection<SourceItem>,
    /// By SKU, as products have it, and source.
    by_place: HashMap<Place, u64>,
}

type Place = (String, String);

/// What a client wants of the stock item of a product, which is the source item of the default source.
#[derive(Debug)]
pub struct StockItem {
    quantity: Option<Quantity>,
    status: Option<u8>,
}

impl Stock {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { collection: Collection::new(KIND, limits, keeper), by_place: HashMap::new() }
    }

    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let collection: Collection<SourceItem> = Collection::load(KIND, limits, keeper)?;
        let by_place = collection.all().map(|(id, item)| (item.place(), id)).collect();
        Ok(Self { collection, by_place })
    }

    pub fn all(&self) -> impl Iterator<Item = &SourceItem> {
        self.collection.all().map(|(_, item)| item)
    }

    /// Whether any source has some of it; `None` when none counts it.
    pub fn is_in_stock(&self, sku: &str) -> Option<bool> {
        let places = SOURCES.iter().map(|source| (key(sku), (*source).to_owned()));
        let items = places.filter_map(|place| self.collection.get(*self.by_place.get(&place)?));
        items.map(|item| item.status == IN_STOCK && item.quantity > Quantity::ZERO).reduce(|one, other| one || other)
    }

    /// Adds or replaces all or none. Of several for one place the last counts.
    pub fn save(&mut self, items: impl IntoIterator<Item = SourceItem>) -> Result<Bytes, Answer> {
        let by_place: BTreeMap<Place, SourceItem> = items.into_iter().map(|item| (item.place(), item)).collect();
        let mut ids = self.collection.next_id()..;
        let (mut numbered, mut new) = (Vec::new(), Vec::new());
        for (place, item) in by_place {
            let known = self.by_place.get(&place).copied();
            let Some(id) = known.or_else(|| ids.next()) else { break };
            numbered.push((id, item));
            if known.is_none() {
                new.push((place, id));
            }
        }
        let prepared = self.collection.prepare(numbered)?;
        self.commit(prepared);
        self.by_place.extend(new);
        Ok(Bytes::from_static(b"[]"))
    }

    /// Places without an item are passed over.
    pub fn remove(&mut self, places: impl IntoIterator<Item = Place>) -> Bytes {
        for place in places {
            if let Some(id) = self.by_place.remove(&place) {
                self.collection.remove(id);
            }
        }
        Bytes::from_static(b"[]")
    }

    pub fn set(&mut self, sku: &str, wanted: &StockItem) -> Result<(), Answer> {
        let place = (key(sku), SOURCE_DEFAULT.to_owned());
        let id = self.by_place.get(&place).copied();
        let (known, before) = (id.and_then(|id| self.collection.get(id)), id.and_then(|id| self.collection.json(id)));
        let quantity = wanted.quantity.or(known.map(|known| known.quantity)).unwrap_or_default();
        let status = wanted.status.or(known.map(|known| known.status)).unwrap_or(IN_STOCK);
        let item = SourceItem { sku: sku.to_owned(), source_code: SOURCE_DEFAULT.to_owned(), quantity, status };
        self.save([item])?;
        let after = self.by_place.get(&place).and_then(|id| self.collection.json(*id));
        self.collection.keeper().record(STOCK_ITEM_KIND, before, after);
        Ok(())
    }

    /// The source's items after these quantities, by SKU, have left it. What it has no item of, it does not count.
    pub fn prepare_leave(
        &self,
        source_code: &str,
        quantities: &BTreeMap<&str, Quantity>,
    ) -> Result<Prepared<SourceItem>, Answer> {
        let mut changed = BTreeMap::new();
        for (sku, quantity) in quantities {
            let Some(id) = self.by_place.get(&(key(sku), source_code.to_owned())) else { continue };
            let Some(known) = self.collection.get(*id) else { continue };
            let item: &mut SourceItem = changed.entry(*id).or_insert_with(|| known.clone());
            item.quantity = item.quantity - *quantity;
            if item.quantity < Quantity::ZERO {
                let message = "The source \"%1\" does not have as many of \"%2\".";
                return Err(Answer::refusal(StatusCode::BAD_REQUEST, message, &json!([source_code, sku])));
            }
            if item.quantity == Quantity::ZERO {
                item.status = OUT_OF_STOCK;
            }
        }
        self.collection.prepare(changed)
    }

    pub fn commit(&mut self, prepared: Prepared<SourceItem>) {
        self.collection.commit(prepared);
    }
}

impl SourceItem {
    pub fn parse_list(body: &[u8]) -> Result<Vec<Self>, Answer> {
        parsed(body, |mut members| {
            let (sku, source_code) = place(&mut members)?;
            if !is_source(&source_code) {
                return Err(no_source(&source_code));
            }
            let quantity = members.need("quantity", Quantity::read)?;
            let status = members.need("status", flag)?;
            members.finish(&["extension_attributes"])?;
            Ok(Self { sku, source_code, quantity, status })
        })
    }

    fn place(&self) -> Place {
        (key(&self.sku), self.source_code.clone())
    }
}

impl StockItem {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let mut members = Members::inside("A stock item", "stockItem", body)?;
        Ok(Self { quantity: members.take("qty", Quantity::read)?, status: members.take("is_in_stock", flag)? })
    }
}

/// Which items are to go.
pub fn parse_places(body: &[u8]) -> Result<Vec<Place>, Answer> {
    parsed(body, |mut members| place(&mut members).map(|(sku, source_code)| (key(&sku), source_code)))
}

pub fn is_source(code: &str) -> bool {
    SOURCES.contains(&code)
}

pub fn no_source(code: &str) -> Answer {
    Answer::invalid("source_code", code)
}

fn place(members: &mut Members) -> Result<Place, Answer> {
    let sku = members.need("sku", line)?.trim().to_owned();
    if !(1..=SKU_CHARS_MAX).contains(&sku.chars().count()) {
        return Err(Answer::unusable("sku", &sku.into()));
    }
    Ok((sku, members.need("source_code", line)?))
}

/// Reads every item, so that all mistakes are told at once.
fn parsed<T>(body: &[u8], read: impl Fn(Members) -> Result<T, Answer>) -> Result<Vec<T>, Answer> {
    let items = Members::of_body("A request", body)?.need("sourceItems", list)?;
    if items.is_empty() {
        return Err(Answer::plain("Input data is empty"));
    }
    let (mut read_items, mut errors): (Vec<T>, Vec<Value>) = (Vec::new(), Vec::new());
    for item in items {
        match Members::of("A source item", item).and_then(&read) {
            Ok(item) => read_items.push(item),
            Err(refusal) if errors.len() < ERRORS_MAX => errors.push(refusal.into_value()),
            Err(_) => {}
        }
    }
    if errors.is_empty() { Ok(read_items) } else { Err(Answer::refusals("Validation Failed", &errors)) }
}
