use sdk::prelude::*;

use super::model;
use crate::backoffice;

/// A customer group that is gone from Commerce is deleted in the back office.
pub struct GroupDeleted;

impl EventHandler for GroupDeleted {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Customer group deleted successfully";

    fn validate(&self, event: &Json) -> Result<(), Stop> {
        model::has_code(event)
    }

    fn echo(&self, event: &Json) -> Option<Echo> {
        model::group_deleted(event)
    }

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
