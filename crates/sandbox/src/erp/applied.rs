//! What the ERP has done for which events: a call that comes again is answered again and done once, within two bounds.
//! Kept like the documents, because whoever was answered may ask again after a restart.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::effect::Incoming;
use crate::keep::{KeepError, Keeper};

pub const LIMITS: Limits = Limits { count_max: 1_000_000, bytes_max: 256 * 1024 * 1024 };
const KIND: &str = "erp.applied";

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub count_max: usize,
    /// Of answers; the oldest ones go first.
    pub bytes_max: usize,
}

/// Names a call of an event: a second call of the same event that asks for something else is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

#[derive(Debug)]
pub struct Applied {
    limits: Limits,
    answers: HashMap<Key, Answered>,
    oldest_first: VecDeque<(u64, Key)>,
    last_number: u64,
    bytes: usize,
    keeper: Arc<Keeper>,
}

#[derive(Debug)]
struct Answered {
    status: StatusCode,
    body: Bytes,
}

/// As the keeper has it.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: [u8; 32],
    status: u16,
    body: Option<Box<RawValue>>,
}

impl Key {
    /// `None` for a call that only reads, or belongs to no event.
    pub fn of(incoming: &Incoming) -> Option<Self> {
        if incoming.method.is_safe() {
            return None;
        }
        let body = incoming.body.as_ref().ok()?;
        let parts = [incoming.event_id.as_deref()?, incoming.method.as_str(), &incoming.path];
        let mut text = parts.join("\0").into_bytes();
        text.push(0);
        text.extend_from_slice(body);
        digest(&SHA256, &text).as_ref().try_into().ok().map(Self)
    }
}

impl Applied {
    pub fn new(limits: Limits, keeper: &Arc<Keeper>) -> Self {
        let (answers, oldest_first) = (HashMap::new(), VecDeque::new());
        Self { limits, answers, oldest_first, last_number: 0, bytes: 0, keeper: Arc::clone(keeper) }
    }

    /// # Errors
    /// The keeper cannot be read.
    pub fn load(limits: Limits, keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        let mut applied = Self::new(limits, keeper);
        let numbered = keeper.load(KIND)?.into_iter().filter_map(|(number, json)| {
            let kept: Kept = serde_json::from_slice(&json).ok()?;
            Some((number.parse::<u64>().ok()?, kept))
        });
        let mut numbered: Vec<(u64, Kept)> = numbered.collect();
        numbered.sort_unstable_by_key(|(number, _)| *number);
        for (number, kept) in numbered {
            let body = kept.body.map(|json| Bytes::from(json.get().to_owned())).unwrap_or_default();
            let Ok(status) = StatusCode::from_u16(kept.status) else { continue };
            applied.insert(number, Key(kept.key), Answered { status, body });
        }
        Ok(applied)
    }

    /// What the same call was answered before.
    pub fn answer(&self, key: &Key) -> Option<Answer> {
        self.answers.get(key).map(|answered| Answer::json(answered.status, answered.body.clone()))
    }

    pub fn keep(&mut self, key: Key, answer: &Answer) {
        let (number, body) = (self.last_number + 1, answer.body().clone());
        let json = if body.is_empty() { None } else { serde_json::from_slice(&body).ok() };
        let kept = Kept { key: key.0, status: answer.status.as_u16(), body: json };
        if let Ok(kept) = serde_json::to_vec(&kept) {
            self.keeper.put(KIND, &number.to_string(), &kept);
        }
        self.insert(number, key, Answered { status: answer.status, body });
    }

    fn insert(&mut self, number: u64, key: Key, answered: Answered) {
        self.last_number = number;
        self.bytes += answered.body.len();
        self.oldest_first.push_back((number, key.clone()));
        self.answers.insert(key, answered);
        while self.answers.len() > self.limits.count_max || self.bytes > self.limits.bytes_max {
            let Some((number, key)) = self.oldest_first.pop_front() else { break };
            self.keeper.remove(KIND, &number.to_string());
            self.bytes -= self.answers.remove(&key).map_or(0, |gone| gone.body.len());
        }
    }
}
