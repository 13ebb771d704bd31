use sdk::prelude::*;
use tracing::warn;

use super::model;
use crate::commerce::find;
use crate::order::comments;

/// What is told of a comment that an earlier attempt could add but without the status.
const STATUS_LEFT: &str = "An earlier attempt had done it already, but the status was left as it is";

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
            comment: format!("{}{}", comments::BEGINNING, event.status),
            is_customer_notified: event.notify_customer.unwrap_or_default().into(),
            is_visible_on_front: 1,
            status: Some(event.status),
        };
        Ok(AddComment { order_id: event.id.0, status_history })
    }

    async fn find_effect(&self, cx: &Context, request: &AddComment) -> Result<Option<Reply>, Stop> {
        let AddComment { order_id, status_history: wanted } = request;
        let Some(order) = find(cx, format!("orders/{order_id}")).await? else { return Ok(None) };
        let last = comments::Last::of(cx, *order_id).await?;
        let Some(found) = last.find(cx, &order, &wanted.comment) else { return Ok(None) };
        let reply = Reply::of_earlier_attempt(Value::Null);
        let is_taken = found["status"].as_str() == wanted.status.as_deref();
        Ok(Some(if is_taken { reply } else { reply.with_note(STATUS_LEFT) }))
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

    /// From now on the comment is known as this event's, so that the next one that says the same is not taken for it.
    async fn post(&self, cx: &Context, request: &AddComment, _: &Reply) -> Result<(), Stop> {
        let (order_id, comment) = (request.order_id, &*request.status_history.comment);
        let kept = async { comments::Last::of(cx, order_id).await?.followed_by(cx, order_id, comment).await };
        // The comment is there; nothing of that is incomplete when no more than this cannot be kept.
        if let Err(stop) = kept.await {
            warn!(action = %cx.action(), activation = %cx.activation(), error = %stop, "cannot keep whose comment this is");
        }
        Ok(())
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
