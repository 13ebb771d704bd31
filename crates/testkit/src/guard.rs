use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use engine::{Denial, Guard};
use http::Method;
use sdk::web::Request;

/// A guard that keeps the methods of the requests that it was asked about. It answers from its script, and lets
/// everything through when that is over. Clones are the same guard.
#[derive(Clone, Debug, Default)]
pub struct FakeGuard(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    asked: Vec<Method>,
    script: VecDeque<Denial>,
}

impl FakeGuard {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next request without an answer is denied so.
    pub fn deny(&self, denial: Denial) {
        self.inner().script.push_back(denial);
    }

    /// The methods of all requests so far.
    pub fn asked(&self) -> Vec<Method> {
        self.inner().asked.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Guard for FakeGuard {
    async fn check(&self, request: &Request) -> Result<(), Denial> {
        let mut inner = self.inner();
        inner.asked.push(request.method.clone());
        inner.script.pop_front().map_or(Ok(()), Err)
    }
}
