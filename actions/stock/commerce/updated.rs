use sdk::prelude::*;

use crate::backoffice;

/// A stock item that changed in Commerce goes to the back office.
pub struct Updated;

impl EventHandler for Updated {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Stock updated successfully";

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
