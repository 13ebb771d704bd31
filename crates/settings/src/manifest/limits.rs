//! What one run of an action may use.

use std::ops::RangeInclusive;

use serde_json::Number;

use crate::manifest::Limits;
use crate::manifest::node::{Content, Node};
use crate::manifest::tree::Scalar;
use crate::{Fault, suggestion};

const KEYS: [&str; 6] = ["timeout", "concurrency", "memory", "logs", "payload", "result"];
const TIMEOUT_MS: RangeInclusive<u64> = 100..=10_800_000;
const CONCURRENCY: RangeInclusive<u32> = 1..=500;
const MEMORY_MB: RangeInclusive<u32> = 128..=4_096;
const LOGS_MB: RangeInclusive<u32> = 0..=10;
/// Parameters and results are held in memory; Adobe takes 1 of each.
const PAYLOAD_MB: RangeInclusive<u32> = 1..=16;
const RESULT_MB: RangeInclusive<u32> = 1..=16;

impl Default for Limits {
    fn default() -> Self {
        Self { timeout_ms: 60_000, concurrency: 200, memory_mb: 256, logs_mb: 10, payload_mb: 1, result_mb: 1 }
    }
}

pub(super) fn read(node: &Node, faults: &mut Vec<Fault>) -> Limits {
    let mut limits = Limits::default();
    for entry in node.entries(faults) {
        match entry.name.as_str() {
            "timeout" => set(&mut limits.timeout_ms, entry, &TIMEOUT_MS, faults),
            "concurrency" => set(&mut limits.concurrency, entry, &CONCURRENCY, faults),
            "memory" => set(&mut limits.memory_mb, entry, &MEMORY_MB, faults),
            "payload" => set(&mut limits.payload_mb, entry, &PAYLOAD_MB, faults),
            "result" => set(&mut limits.result_mb, entry, &RESULT_MB, faults),
            "logs" => set(&mut limits.logs_mb, entry, &LOGS_MB, faults),
            name => faults.push(entry.fault("expected a limit", suggestion::hint(name, &KEYS))),
        }
    }
    limits
}

fn set<T>(limit: &mut T, node: &Node, range: &RangeInclusive<T>, faults: &mut Vec<Fault>)
where
    T: TryFrom<u64> + PartialOrd + ToString,
{
    let number = match &node.content {
        Content::Unreadable => return,
        Content::Scalar(Scalar::Number(number)) => Number::as_u64(number),
        Content::Scalar(_) | Content::List(_) | Content::Map(_) => None,
    };
    match number.and_then(|number| T::try_from(number).ok()) {
        Some(number) if range.contains(&number) => *limit = number,
        Some(_) | None => faults.push(node.fault(
            format!("expected a whole number from {} to {}", range.start().to_string(), range.end().to_string()),
            "`timeout` counts milliseconds, `memory`, `logs`, `payload` and `result` count megabytes; leave the key out for the default",
        )),
    }
}
