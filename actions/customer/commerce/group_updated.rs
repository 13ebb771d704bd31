use sdk::prelude::*;

use super::model;
use crate::backoffice;

/// A customer group that is new in Commerce or changed there goes to the back office: Commerce has one event for both.
pub struct GroupUpdated;

impl EventHandler for GroupUpdated {
    type Event = Json;
    type Request = Json;
    const SUCCESS: &'static str = "Customer group updated successfully";

    fn validate(&self, event: &Json) -> Result<(), Stop> {
        model::has_code(event)
    }

    fn echo(&self, event: &Json) -> Option<Echo> {
        model::group_saved(event)
    }

    fn transform(&self, event: Json) -> Result<Json, Stop> {
        Ok(event)
    }

    async fn send(&self, cx: &Context, request: &Json) -> Result<Reply, Stop> {
        backoffice::send(cx, request).await
    }
}
