//! Documents of one kind by id, within two bounds: how many, and how many bytes of JSON. Every change goes
//! through `commit` and `remove`, which also keep it and note whether it was one.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::keep::{KeepError, Keeper};

/// As in Commerce's tables, whose ids are unsigned integers of 32 bits.
const ID_MAX: u64 = u32::MAX as u64;
/// A document may grow over many calls, and each of them writes it anew.
const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
const COUNTER: &str = "commerce.counter";

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// What the documents are, as refusals name them.
    pub name: &'static str,
    pub count_max: usize,
    pub bytes_max: usize,
}

#[derive(Debug)]
pub struct Collection<T> {
    kind: &'static str,
    limits: Limits,
    stored: BTreeMap<u64, Stored<T>>,
    last_id: u64,
    bytes: usize,
    keeper: Arc<Keeper>,
    /// Whether a change is one of the store's documents.
    is_told: bool,
}

/// A document and its JSON, which every answer about it repeats.
#[derive(Debug)]
struct Stored<T> {
    entity: T,
    json: Bytes,
}

/// Documents that have their place: `commit` cannot fail, so that changes to several collections can be all or none.
#[derive(Debug)]
#[must_use]
pub struct Prepared<T>(Vec<(u64, Stored<T>)>);

impl<T: Serialize + DeserializeOwned + PartialEq> Collection<T> {
    pub fn new(kind: &'static str, limits: Limits, keeper: &Arc<Keeper>) -> Self {
        Self { kind, limits, stored: BTreeMap::new(), last_id: 0, bytes: 0, keeper: Arc::clone(keeper), is_told: true }
    }

    /// What is noted beside the documents of the store: that it changes is nobody's business.
    pub fn aside(self) -> Self {
        Self { is_told: false, ..self }
    }

    pub fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// What the keeper has of this kind. A document that cannot be read is left out and told of.
    ///
    /// # Errors
    /// The keeper cannot be read.
    pub fn load(kind: &'static str, limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let mut collection = Self::new(kind, limits, keeper);
        for (id, json) in keeper.load(kind)? {
            if let Err(reason) = collection.take_kept(&id, json) {
                tracing::warn!(kind, id, reason, "the sandbox leaves out a damaged {kind}");
            }
        }
        let counters = keeper.load(COUNTER)?.into_iter().filter(|(id, _)| id == kind);
        let last_ids = counters.filter_map(|(_, json)| serde_json::from_slice::<u64>(&json).ok());
        collection.last_id = last_ids.filter(|id| *id <= ID_MAX).fold(collection.last_id, u64::max);
        Ok(collection)
    }

    /// An id that was never given, not even to what is gone.
    pub fn next_id(&self) -> u64 {
        self.last_id + 1
    }

    pub fn get(&self, id: u64) -> Option<&T> {
        self.stored.get(&id).map(|stored| &stored.entity)
    }

    pub fn json(&self, id: u64) -> Option<Bytes> {
        self.stored.get(&id).map(|stored| stored.json.clone())
    }

    /// In the order of the ids.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        self.stored.iter().map(|(id, stored)| (*id, &stored.entity))
    }

    /// Adds or replaces one document and gives its JSON.
    pub fn put(&mut self, id: u64, entity: T) -> Result<Bytes, Answer> {
        let prepared = self.prepare([(id, entity)])?;
        self.commit(prepared);
        Ok(self.json(id).unwrap_or_default())
    }

    /// Each id may occur once.
    pub fn prepare(&self, entities: impl IntoIterator<Item = (u64, T)>) -> Result<Prepared<T>, Answer> {
        let (mut count, mut bytes) = (self.stored.len(), self.bytes);
        let mut prepared = Vec::new();
        for (id, entity) in entities {
            let json = serde_json::to_vec(&entity).map_err(|_| Answer::unreadable("it cannot be written as JSON"))?;
            if json.len() > DOCUMENT_BYTES_MAX {
                return Err(Answer::store_full(&format!("{DOCUMENT_BYTES_MAX} bytes in one document")));
            }
            bytes += json.len();
            match self.stored.get(&id) {
                Some(known) => bytes -= known.json.len(),
                None => count += 1,
            }
            if (count > self.limits.count_max && count > self.stored.len()) || id > ID_MAX {
                return Err(Answer::store_full(&format!("{} {}", self.limits.count_max, self.limits.name)));
            }
            prepared.push((id, Stored { entity, json: Bytes::from(json) }));
        }
        if bytes > self.limits.bytes_max {
            return Err(Answer::store_full(&format!("{} bytes of {}", self.limits.bytes_max, self.limits.name)));
        }
        Ok(Prepared(prepared))
    }

    pub fn commit(&mut self, prepared: Prepared<T>) {
        for (id, stored) in prepared.0 {
            self.keeper.put(self.kind, &id.to_string(), &stored.json);
            if self.is_told {
                if self.get(id) != Some(&stored.entity) {
                    self.keeper.note_change();
                }
                self.keeper.record(self.kind, self.json(id), Some(stored.json.clone()));
            }
            self.insert(id, stored);
        }
    }

    pub fn remove(&mut self, id: u64) -> Option<T> {
        let removed = self.stored.remove(&id)?;
        self.bytes -= removed.json.len();
        if id == self.last_id {
            // Otherwise the highest id would be forgotten with its document, and given again.
            self.keeper.put(COUNTER, self.kind, id.to_string().as_bytes());
        }
        self.keeper.remove(self.kind, &id.to_string());
        if self.is_told {
            self.keeper.note_change();
            self.keeper.record(self.kind, Some(removed.json), None);
        }
        Some(removed.entity)
    }

    fn take_kept(&mut self, id: &str, json: Vec<u8>) -> Result<(), String> {
        let id = id.parse().ok().filter(|id| *id <= ID_MAX).ok_or("its id is no number")?;
        self.last_id = self.last_id.max(id);
        let entity = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        if self.stored.len() >= self.limits.count_max || self.bytes + json.len() > self.limits.bytes_max {
            return Err("there are too many".to_owned());
        }
        self.insert(id, Stored { entity, json: Bytes::from(json) });
        Ok(())
    }

    fn insert(&mut self, id: u64, stored: Stored<T>) {
        self.bytes += stored.json.len();
        if let Some(replaced) = self.stored.insert(id, stored) {
            self.bytes -= replaced.json.len();
        }
        self.last_id = self.last_id.max(id);
    }
}
