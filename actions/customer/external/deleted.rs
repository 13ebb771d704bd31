use sdk::prelude::*;

use super::model;
use crate::customer::echo;
use crate::{commerce, id};

/// A customer who is gone from the back office is deleted in Commerce.
pub struct Deleted;

#[derive(Debug, Serialize)]
pub struct DeleteCustomer {
    pub id: Number,
}

impl EventHandler for Deleted {
    type Event = model::Deleted;
    type Request = DeleteCustomer;
    const SUCCESS: &'static str = "Customer deleted successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        Some(echo::deleted(Echo::to_commerce("customer"), &Value::Number(event.id.clone())))
    }

    fn transform(&self, event: Self::Event) -> Result<DeleteCustomer, Stop> {
        Ok(DeleteCustomer { id: event.id })
    }

    async fn send(&self, cx: &Context, request: &DeleteCustomer) -> Result<Reply, Stop> {
        let id = id::text(&request.id);
        let path = format!("customers/{}", segment(&id));
        commerce::delete(cx, cx.commerce().changing("customer", [&*id]), path).await
    }
}
