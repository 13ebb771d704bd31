use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sdk::{Actions, ActivationId, Answer, Context, Event};

/// Other actions that record who asks for them. They answer from a script, and with a success when it is over.
/// Clones are the same actions.
#[derive(Clone, Debug, Default)]
pub struct FakeActions(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    invocations: Vec<Invocation>,
    script: VecDeque<Answer>,
}

/// One action that another one asked for.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// `package/action`.
    pub action: String,
    pub event: Event,
    /// The run that asked.
    pub caller: ActivationId,
}

impl FakeActions {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next invocation without an answer gets this one.
    #[must_use]
    pub fn then(self, answer: Answer) -> Self {
        self.inner().script.push_back(answer);
        self
    }

    /// All invocations so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.inner().invocations.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Actions for FakeActions {
    async fn invoke(&self, action: &str, event: &Event, caller: &Context) -> Answer {
        let mut inner = self.inner();
        inner.invocations.push(Invocation {
            action: action.to_owned(),
            event: event.clone(),
            caller: caller.activation(),
        });
        inner.script.pop_front().unwrap_or_else(|| Answer::success("ran"))
    }
}
