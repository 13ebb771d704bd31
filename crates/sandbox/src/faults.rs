//! Faults on demand. Which call is hit follows from the order of the calls alone: counters, no chance.

use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::path;

const FAULTS_MAX: usize = 100;
const DELAY_MS_MAX: u64 = 120_000;
const STATUS_DEFAULT: u16 = 503;
/// Sums of a share fall short of whole numbers by far less than this.
const SHARE_TOLERANCE: f64 = 1e-9;

/// What the next matching calls meet. Without `status`, `delay_ms` and `cut` it answers 503.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    target: Target,
    method: Option<String>,
    path: String,
    status: Option<u16>,
    retry_after_s: Option<u32>,
    pub delay_ms: u64,
    pub cut: Cut,
    count: u32,
    share: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    Commerce,
    Erp,
}

/// Where the connection ends; a cut leaves no answer, so a status beside it has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    None,
    Before,
    After,
}

#[derive(Debug, Default)]
pub struct Faults {
    standing: Vec<Standing>,
}

#[derive(Debug)]
struct Standing {
    fault: Fault,
    left: u32,
    /// Every matching call adds `share`; a whole one is a hit.
    owed: f64,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            target: Target::Commerce,
            method: None,
            path: String::new(),
            status: None,
            retry_after_s: None,
            delay_ms: 0,
            cut: Cut::None,
            count: 1,
            share: 1.0,
        }
    }
}

impl Fault {
    pub fn parse(body: &[u8]) -> Result<Self, Answer> {
        let members: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| Answer::unreadable("a fault is a JSON object"))?;
        let fault: Self =
            serde_json::from_value(Value::Object(members)).map_err(|error| refusal(&error.to_string()))?;
        fault.checked()
    }

    /// The answer that takes the place of the store's own.
    pub fn answer(&self) -> Option<Answer> {
        let status = StatusCode::from_u16(self.status?).ok()?;
        Some(Answer::fault(status, self.retry_after_s))
    }

    fn checked(mut self) -> Result<Self, Answer> {
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(refusal("`status` is from 200 to 599"));
        }
        if self.delay_ms > DELAY_MS_MAX {
            return Err(refusal(&format!("`delay_ms` is at most {DELAY_MS_MAX}")));
        }
        if self.count == 0 {
            return Err(refusal("`count` is at least 1"));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(refusal("`share` is above 0 and at most 1"));
        }
        if let Some(method) = &mut self.method {
            method.make_ascii_uppercase();
            if Method::from_bytes(method.as_bytes()).is_err() {
                return Err(refusal("`method` is no HTTP method"));
            }
        }
        if let Some(below) = self.path.strip_prefix('/') {
            self.path = below.to_owned();
        }
        if self.status.is_none() && self.delay_ms == 0 && self.cut == Cut::None {
            self.status = Some(STATUS_DEFAULT);
        }
        Ok(self)
    }

    fn matches(&self, target: Target, method: &Method, path: &str) -> bool {
        self.target == target
            && self.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
            && path::has_prefix(path, &self.path)
    }
}

impl Faults {
    pub fn add(&mut self, fault: Fault) -> Result<Fault, Answer> {
        if self.standing.len() >= FAULTS_MAX {
            return Err(Answer::store_full(&format!("{FAULTS_MAX} faults")));
        }
        self.standing.push(Standing { left: fault.count, owed: 0.0, fault: fault.clone() });
        Ok(fault)
    }

    pub fn clear(&mut self) {
        self.standing.clear();
    }

    /// The fault that this call meets: the oldest one that is due. One that is used up goes.
    pub fn strike(&mut self, target: Target, method: &Method, path: &str) -> Option<Fault> {
        let hit = self
            .standing
            .iter_mut()
            .position(|standing| standing.fault.matches(target, method, path) && standing.is_due())?;
        let standing = &mut self.standing[hit];
        standing.left -= 1;
        if standing.left == 0 { Some(self.standing.remove(hit).fault) } else { Some(standing.fault.clone()) }
    }
}

impl Standing {
    fn is_due(&mut self) -> bool {
        self.owed += self.fault.share;
        let is_due = self.owed + SHARE_TOLERANCE >= 1.0;
        if is_due {
            self.owed -= 1.0;
        }
        is_due
    }
}

fn refusal(reason: &str) -> Answer {
    Answer::refusal(StatusCode::BAD_REQUEST, "The fault cannot be used: %1.", &json!([reason]))
}
