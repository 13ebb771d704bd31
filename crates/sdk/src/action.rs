use async_trait::async_trait;

use crate::{Answer, Context, Event};

/// Anything that runs on an event: a handler with its type erased, or a consumer.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    async fn run(&self, cx: &Context, event: &Event) -> Answer;
}
