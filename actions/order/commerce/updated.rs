use sdk::prelude::*;

use crate::backoffice;

/// An order that changed in Commerce goes to the back office.
pub struct Updated;

impl EventHandler for Updated {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Order updated successfully";

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
