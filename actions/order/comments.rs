//! What is known of the comments that status events left on an order: the last one, and how often it was said in a row.
//! Events of one order are carried in turn, so a row that is longer in Commerce ends with the comment in doubt.

use sdk::prelude::*;

use crate::commerce::{EFFECT_KNOWN_FOR, can_be_of_event};

/// How all of them begin.
pub const BEGINNING: &str = "Order status changed to ";

/// The last comment that is known to be there.
#[derive(Default, Deserialize, Serialize)]
pub struct Last {
    event_id: String,
    comment: String,
    times: usize,
}

impl Last {
    /// Nothing is known of an order that had none for long.
    pub async fn of(cx: &Context, order_id: i64) -> Result<Self, Stop> {
        let kept = cx.state().get(&key(order_id)).await?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
    }

    /// Keeps that this event's comment is there; once more changes nothing.
    pub async fn followed_by(self, cx: &Context, order_id: i64, comment: &str) -> Result<(), Stop> {
        let Some(event_id) = cx.event_id().filter(|event_id| *event_id != self.event_id) else { return Ok(()) };
        let times = self.times_of(comment) + 1;
        let last = Self { event_id: event_id.to_owned(), comment: comment.to_owned(), times };
        let last = serde_json::to_vec(&last).map_err(|error| Stop::park("a comment cannot be kept").because(error))?;
        cx.state().put(&key(order_id), last, EFFECT_KNOWN_FOR).await
    }

    /// The comment of this event, if it is on the order.
    pub fn find<'a>(&self, cx: &Context, order: &'a Value, comment: &str) -> Option<&'a Value> {
        let row = row(order, comment);
        let newest = *row.first()?;
        let is_known = cx.event_id() == Some(&*self.event_id);
        let is_new = row.len() > self.times_of(comment) && can_be_of_event(cx, newest);
        (is_known || is_new).then_some(newest)
    }

    fn times_of(&self, comment: &str) -> usize {
        if self.comment == comment { self.times } else { 0 }
    }
}

/// The newest of our comments as long as they say the same, the newest first.
fn row<'a>(order: &'a Value, comment: &str) -> Vec<&'a Value> {
    let comments = order["status_histories"].as_array().into_iter().flatten();
    let mut ours: Vec<&Value> = comments.filter(|found| text(found).starts_with(BEGINNING)).collect();
    ours.sort_unstable_by_key(|found| std::cmp::Reverse(found["entity_id"].as_u64()));
    ours.into_iter().take_while(|found| text(found) == comment).collect()
}

fn text(history: &Value) -> &str {
    history["comment"].as_str().unwrap_or_default()
}

fn key(order_id: i64) -> String {
    format!("order-comment/{order_id}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::{FakeMemory, context, event};

    use super::*;

    const SHIPPED: &str = "Order status changed to shipped";
    const PICKED: &str = "Order status changed to picked";

    fn at_event(memory: &FakeMemory, id: &str) -> Context {
        let event = Event { id: id.to_owned(), ..event("code", &Value::Null) };
        context().memory(memory.clone()).for_event(&event)
    }

    /// Whether the comment of `event` is found after these events were done and with these comments on the order, the
    /// oldest first.
    async fn check(done: &[(&str, &str)], comments: &[&str], event: (&str, &str), expected: bool) {
        let memory = FakeMemory::new();
        for (id, comment) in done {
            let cx = at_event(&memory, id);
            Last::of(&cx, 17).await.unwrap().followed_by(&cx, 17, comment).await.unwrap();
        }
        let histories: Vec<Value> =
            comments.iter().zip(1..).map(|(text, id)| json!({"entity_id": id, "comment": text})).collect();
        let (cx, order) = (at_event(&memory, event.0), json!({"status_histories": histories}));
        let found = Last::of(&cx, 17).await.unwrap().find(&cx, &order, event.1).is_some();
        assert_eq!(found, expected, "{done:?} {comments:?} {event:?}");
    }

    #[tokio::test]
    async fn a_row_that_is_longer_than_known_ends_with_the_comment_in_doubt() {
        check(&[], &[], ("1", SHIPPED), false).await;
        check(&[], &[SHIPPED], ("1", SHIPPED), true).await;
        check(&[], &[SHIPPED, "Called the customer"], ("1", SHIPPED), true).await;
        check(&[("1", SHIPPED)], &[SHIPPED], ("2", SHIPPED), false).await;
        check(&[("1", SHIPPED)], &[SHIPPED, SHIPPED], ("2", SHIPPED), true).await;
        check(&[("1", SHIPPED), ("2", SHIPPED)], &[SHIPPED, SHIPPED], ("3", SHIPPED), false).await;
        check(&[("1", SHIPPED), ("2", PICKED)], &[SHIPPED, PICKED], ("3", SHIPPED), false).await;
        check(&[("1", SHIPPED), ("2", PICKED)], &[SHIPPED, PICKED, SHIPPED], ("3", SHIPPED), true).await;
    }

    #[tokio::test]
    async fn an_event_that_is_known_to_be_done_is_found_however_often_it_is_kept() {
        check(&[("1", SHIPPED)], &[SHIPPED], ("1", SHIPPED), true).await;
        check(&[("1", SHIPPED), ("1", SHIPPED)], &[SHIPPED], ("1", SHIPPED), true).await;
        check(&[("1", SHIPPED), ("1", SHIPPED)], &[SHIPPED, SHIPPED], ("2", SHIPPED), true).await;
    }
}
