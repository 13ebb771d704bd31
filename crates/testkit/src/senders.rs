use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sdk::Senders;
use sdk::web::{Request, Verdict};

/// Keeps what it is asked about. It answers from its script, and accepts everybody when it is over. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct FakeSenders(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    bodies: Vec<Vec<u8>>,
    script: VecDeque<Verdict>,
}

impl FakeSenders {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next request without a verdict gets this one.
    #[must_use]
    pub fn then(self, verdict: Verdict) -> Self {
        self.inner().script.push_back(verdict);
        self
    }

    /// The bodies of the requests since this was last asked.
    pub fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.inner().bodies)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Senders for FakeSenders {
    async fn check(&self, request: &Request) -> Verdict {
        let mut inner = self.inner();
        inner.bodies.push(request.body.to_vec());
        inner.script.pop_front().unwrap_or(Verdict::Accept)
    }
}
