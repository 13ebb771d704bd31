use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sdk::{Progress, Publication, Published, Publisher, Refusal};

/// A publisher that keeps what it is given. It answers from its script, and takes everything as new when it is over.
/// Clones are the same publisher.
#[derive(Clone, Debug, Default)]
pub struct FakePublisher(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    publications: Vec<Publication>,
    script: VecDeque<Result<Published, Refusal>>,
}

impl FakePublisher {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next publication without an answer gets this one.
    #[must_use]
    pub fn then(self, answer: Result<Published, Refusal>) -> Self {
        self.inner().script.push_back(answer);
        self
    }

    /// The publications since this was last asked.
    pub fn take(&self) -> Vec<Publication> {
        std::mem::take(&mut self.inner().publications)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Publisher for FakePublisher {
    async fn publish(&self, publication: Publication) -> Result<Published, Refusal> {
        let mut inner = self.inner();
        let new = Published { progress: Progress::Published, activation: publication.activation, is_repeated: false };
        inner.publications.push(publication);
        inner.script.pop_front().unwrap_or(Ok(new))
    }
}
