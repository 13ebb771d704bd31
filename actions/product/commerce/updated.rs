use sdk::prelude::*;

use super::model;
use crate::backoffice;

/// A product that changed in Commerce goes to the back office.
pub struct Updated;

impl EventHandler for Updated {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Product updated successfully";

    fn echo(&self, event: &Json) -> Option<Echo> {
        model::saved(event)
    }

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
