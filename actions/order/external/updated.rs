use sdk::prelude::*;

use super::model;

/// An order whose status changed in the back office gets that status in Commerce, and a comment that says so.
pub struct Updated;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddComment {
    #[serde(skip)]
    pub order_id: i64,
    pub status_history: StatusHistory,
}

#[derive(Clone, Debug, Serialize)]
pub struct StatusHistory {
    pub comment: String,
    pub is_customer_notified: u8,
    pub is_visible_on_front: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl EventHandler for Updated {
    type Event = model::StatusUpdated;
    type Request = AddComment;
    const SUCCESS: &'static str = "Order updated successfully";

    fn transform(&self, event: Self::Event) -> Result<AddComment, Stop> {
        let status_history = StatusHistory {
            comment: format!("Order status changed to {}", event.status),
            is_customer_notified: event.notify_customer.unwrap_or_default().into(),
            is_visible_on_front: 1,
            status: Some(event.status),
        };
        Ok(AddComment { order_id: event.id.0, status_history })
    }

    async fn send(&self, cx: &Context, request: &AddComment) -> Result<Reply, Stop> {
        let reply = add(cx, request).await?;
        if reply.status != 400 {
            return Ok(reply);
        }
        // Commerce takes only the statuses that belong to the order's state. A back office has others, too.
        let refusal = reply.error.unwrap_or_default();
        let reply = add(cx, &request.without_status()).await?;
        if !reply.is_success() {
            return Ok(reply);
        }
        Ok(reply.with_note(format!("The status was left as it is because Commerce refused it ({refusal})")))
    }
}

impl AddComment {
    fn without_status(&self) -> Self {
        let status_history = StatusHistory { status: None, ..self.status_history.clone() };
        Self { order_id: self.order_id, status_history }
    }
}

async fn add(cx: &Context, request: &AddComment) -> Result<Reply, Stop> {
    let id = request.order_id.to_string();
    cx.commerce().changing("order", [&*id]).post(format!("orders/{}/comments", segment(&id)), request).await
}
