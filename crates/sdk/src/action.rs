use async_trait::async_trait;

use crate::{Answer, Context, Event, Route};

/// Anything that runs on an event: a handler with its type erased, or a consumer.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    async fn run(&self, cx: &Context, event: &Event) -> Answer;

    /// Where a consumer passes events on to; other actions handle theirs themselves.
    fn routes(&self) -> &'static [Route] {
        &[]
    }

    /// What an event of this code has to bring, as paths from the event on: `data.value.sku`.
    fn needs(&self, _code: &str) -> Vec<&'static str> {
        Vec::new()
    }
}
