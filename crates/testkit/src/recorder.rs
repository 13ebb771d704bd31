use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::Value;

/// A target that records every call. It answers from its script, and 200 without a body when the script is over.
/// Clones are the same target.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<Call>,
    script: VecDeque<Result<Reply, Stop>>,
}

impl Recorder {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next call without an answer gets this reply.
    #[must_use]
    pub fn then(self, reply: Reply) -> Self {
        self.inner().script.push_back(Ok(reply));
        self
    }

    /// The next call without an answer gets no reply.
    #[must_use]
    pub fn then_stop(self, stop: Stop) -> Self {
        self.inner().script.push_back(Err(stop));
        self
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TargetPort for Recorder {
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        let mut inner = self.inner();
        inner.calls.push(call);
        inner.script.pop_front().unwrap_or_else(|| Ok(Reply::new(200, Value::Null)))
    }
}
