use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tracing::{info, warn};

use crate::meters;

/// What can keep a kit from being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A delivery is due and nobody begins it, although there is room.
    Unserved,
    /// A lease ended, and nobody runs what it stands for.
    Lease,
    /// More comes in than goes out.
    Backlog,
    /// The store cannot write, or holds all that it may.
    Disk,
    /// What begins deliveries gives no sign of life.
    Loop,
    /// Nobody compares what is due with what runs.
    Audit,
}

impl Reason {
    pub const ALL: [Self; 6] = [Self::Unserved, Self::Lease, Self::Backlog, Self::Disk, Self::Loop, Self::Audit];

    /// Its name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unserved => "unserved",
            Self::Lease => "lease",
            Self::Backlog => "backlog",
            Self::Disk => "disk",
            Self::Loop => "loop",
            Self::Audit => "audit",
        }
    }
}

/// Why a kit is not ready, in one sentence without a payload or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub reason: Reason,
    pub text: String,
}

impl Finding {
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }
}

/// What the last look at what is due and what runs led to. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<RwLock<Looked>>);

#[derive(Debug, Default)]
struct Looked {
    findings: Vec<Finding>,
    /// Of the last look.
    at: Option<Timestamp>,
}

impl Readiness {
    /// What was found last; empty: all is well.
    pub fn findings(&self) -> Vec<Finding> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).findings.clone()
    }

    /// When somebody looked last.
    pub fn looked(&self) -> Option<Timestamp> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).at
    }

    /// Keeps what a look found, and says once what has changed.
    pub fn set(&self, findings: &[Finding], now: Timestamp) {
        let before = {
            let mut looked = self.0.write().unwrap_or_else(PoisonError::into_inner);
            looked.at = Some(now);
            std::mem::replace(&mut looked.findings, findings.to_vec())
        };
        for reason in Reason::ALL {
            let name = reason.as_str();
            let found = findings.iter().find(|finding| finding.reason == reason);
            meters::unready(name, found.is_some());
            match (found, before.iter().any(|finding| finding.reason == reason)) {
                (Some(found), false) => warn!(reason = name, "not ready: {}", found.text),
                (None, true) => info!(reason = name, "that is over: `{name}` keeps nobody from being ready any more"),
                (Some(_), true) | (None, false) => {}
            }
        }
    }
}
