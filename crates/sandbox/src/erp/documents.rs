//! The documents of the ERP by path, collection and id in one, within two bounds: how many, and how many bytes.
//! A path is a document's whole identity: the collection `products/pages` and the id `1` are the same place as the
//! collection `products` and the id `pages/1`. Which of both it was only decides the list that shows the document.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::Value;

use super::error;
use crate::answer::Answer;
use crate::keep::{KeepError, Keeper};

pub const LIMITS: Limits = Limits { count_max: 1_000_000, bytes_max: 256 * 1024 * 1024 };
const PATH_BYTES_MAX: usize = 1_024;
/// More than a body, because changes add to a document and numbers may take more room than they came in.
const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
const LIST_DOCUMENTS_MAX: usize = 1_000;
const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;

const KIND: &str = "erp";
/// Its one document is the last number that was given.
const COUNTER: &str = "erp.counter";

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub count_max: usize,
    /// Of paths and JSON.
    pub bytes_max: usize,
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    /// The start of the path that is the collection; a slash follows, and then the id.
    pub collection_bytes: usize,
}

#[derive(Debug)]
pub struct Documents {
    limits: Limits,
    by_path: BTreeMap<String, Document>,
    last_number: u64,
    bytes: usize,
    keeper: Arc<Keeper>,
}

#[derive(Debug)]
struct Document {
    collection_bytes: usize,
    json: Bytes,
}

impl Place {
    pub fn of(collection: &str, id: &str) -> Self {
        Self { path: format!("{collection}/{id}"), collection_bytes: collection.len() }
    }

    /// Two texts, because either may have any character.
    fn kept_id(&self) -> String {
        let collection = self.path.get(..self.collection_bytes).unwrap_or_default();
        let id = self.path.get(self.collection_bytes + 1..).unwrap_or_default();
        Value::from([collection, id].as_slice()).to_string()
    }
}

impl Documents {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { limits, by_path: BTreeMap::new(), last_number: 0, bytes: 0, keeper: Arc::clone(keeper) }
    }

    /// What the keeper has. A document that cannot be read is left out and told of.
    ///
    /// # Errors
    /// The keeper cannot be read.
    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let mut documents = Self::new(limits, keeper);
        for (id, json) in keeper.load(KIND)? {
            if let Err(reason) = documents.take_kept(&id, json) {
                tracing::warn!(id, reason, "the sandbox leaves out a damaged document of the ERP");
            }
        }
        let numbers = keeper.load(COUNTER)?.into_iter().filter_map(|(_, json)| serde_json::from_slice(&json).ok());
        documents.last_number = numbers.fold(0, u64::max);
        Ok(documents)
    }

    pub fn get(&self, path: &str) -> Option<Bytes> {
        self.by_path.get(path).map(|document| document.json.clone())
    }

    /// Where the document with this path stands, if there is one.
    pub fn place(&self, path: &str) -> Option<Place> {
        let known = self.by_path.get(path)?;
        Some(Place { path: path.to_owned(), collection_bytes: known.collection_bytes })
    }

    /// The documents of a collection as a list in the order of their ids as text, as far as the bounds of a list go.
    /// `None` when the collection has none.
    pub fn list(&self, collection: &str) -> Option<Bytes> {
        let prefix = format!("{collection}/");
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let below = self.by_path.range::<str, _>(from).take_while(|(path, _)| path.starts_with(&prefix));
        let direct = below.filter(|(_, document)| document.collection_bytes == collection.len());
        let mut list = vec![b'['];
        for (_, Document { json, .. }) in direct.take(LIST_DOCUMENTS_MAX) {
            if list.len() + json.len() > LIST_BYTES_MAX {
                break;
            }
            list.extend_from_slice(json);
            list.push(b',');
        }
        list.pop_if(|last| *last == b',')?;
        list.push(b']');
        Some(Bytes::from(list))
    }

    /// Adds or replaces and gives the JSON.
    pub fn put(&mut self, place: Place, document: &Value) -> Result<Bytes, Answer> {
        if place.path.len() > PATH_BYTES_MAX {
            let text = format!("collection and id have at most {PATH_BYTES_MAX} bytes");
            return Err(error(StatusCode::BAD_REQUEST, &text));
        }
        let json = Bytes::from(document.to_string());
        if json.len() > DOCUMENT_BYTES_MAX {
            let text = format!("a document has at most {DOCUMENT_BYTES_MAX} bytes");
            return Err(error(StatusCode::PAYLOAD_TOO_LARGE, &text));
        }
        if !self.has_room(&place.path, &json) {
            let Limits { count_max, bytes_max } = self.limits;
            let text = format!("the ERP keeps no more than {count_max} documents and {bytes_max} bytes");
            return Err(error(StatusCode::INSUFFICIENT_STORAGE, &text));
        }
        self.keeper.put(KIND, &place.kept_id(), &json);
        if self.by_path.get(&place.path).is_none_or(|known| known.json != json) {
            self.keeper.note_change();
        }
        if let Some(former) = self.place(&place.path).filter(|former| *former != place) {
            self.keeper.remove(KIND, &former.kept_id());
        }
        self.insert(place, json.clone());
        Ok(json)
    }

    pub fn remove(&mut self, path: &str) {
        let Some(place) = self.place(path) else { return };
        self.keeper.remove(KIND, &place.kept_id());
        self.keeper.note_change();
        if let Some(removed) = self.by_path.remove(path) {
            self.bytes -= path.len() + removed.json.len();
        }
    }

    /// A number that was never given and that is no id in this collection.
    pub fn free_number(&self, collection: &str) -> u64 {
        let mut number = self.last_number.wrapping_add(1);
        while self.by_path.contains_key(&Place::of(collection, &number.to_string()).path) {
            number = number.wrapping_add(1);
        }
        number
    }

    pub fn keep_number(&mut self, number: u64) {
        self.last_number = number;
        self.keeper.put(COUNTER, "", number.to_string().as_bytes());
    }

    fn has_room(&self, path: &str, json: &[u8]) -> bool {
        let known = self.by_path.get(path);
        let freed = known.map_or(0, |known| path.len() + known.json.len());
        let count = self.by_path.len() + usize::from(known.is_none());
        count <= self.limits.count_max && self.bytes - freed + path.len() + json.len() <= self.limits.bytes_max
    }

    fn take_kept(&mut self, id: &str, json: Vec<u8>) -> Result<(), String> {
        let (collection, id): (String, String) = serde_json::from_str(id).map_err(|error| error.to_string())?;
        serde_json::from_slice::<Value>(&json).map_err(|error| error.to_string())?;
        let place = Place::of(&collection, &id);
        if !self.has_room(&place.path, &json) {
            return Err("there are too many".to_owned());
        }
        self.insert(place, Bytes::from(json));
        Ok(())
    }

    fn insert(&mut self, place: Place, json: Bytes) {
        self.bytes += place.path.len() + json.len();
        let path_bytes = place.path.len();
        let document = Document { collection_bytes: place.collection_bytes, json };
        if let Some(replaced) = self.by_path.insert(place.path, document) {
            self.bytes -= path_bytes + replaced.json.len();
        }
    }
}
