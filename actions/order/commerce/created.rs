use sdk::prelude::*;

use crate::backoffice;

/// An order that was placed in Commerce goes to the back office.
pub struct Created;

impl EventHandler for Created {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Order created successfully";

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
