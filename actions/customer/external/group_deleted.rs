use sdk::prelude::*;

use super::model;
use crate::customer::echo;
use crate::{commerce, id};

/// A customer group that is gone from the back office is deleted in Commerce.
pub struct GroupDeleted;

#[derive(Debug, Serialize)]
pub struct DeleteGroup {
    pub id: Number,
}

impl EventHandler for GroupDeleted {
    type Event = model::GroupDeleted;
    type Request = DeleteGroup;
    const SUCCESS: &'static str = "Customer group deleted successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        Some(echo::group_deleted(Echo::to_commerce("customer-group"), &Value::Number(event.id.clone())))
    }

    fn transform(&self, event: Self::Event) -> Result<DeleteGroup, Stop> {
        Ok(DeleteGroup { id: event.id })
    }

    async fn send(&self, cx: &Context, request: &DeleteGroup) -> Result<Reply, Stop> {
        let id = id::text(&request.id);
        let path = format!("customerGroups/{}", segment(&id));
        commerce::delete(cx, cx.commerce().changing("customer-group", [&*id]), path).await
    }
}
