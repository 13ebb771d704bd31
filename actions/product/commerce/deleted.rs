use sdk::prelude::*;

use super::model;
use crate::backoffice;

/// A product that is gone from Commerce is deleted in the back office.
pub struct Deleted;

impl EventHandler for Deleted {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Product deleted successfully";

    fn echo(&self, event: &Json) -> Option<Echo> {
        model::deleted(event)
    }

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
