//! What handlers ask of Commerce after an attempt whose outcome is not known.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sdk::prelude::*;
use sdk::{Fate, Target};

/// How long it is remembered which event had which effect: longer than an event can wait for its next attempt.
pub const EFFECT_KNOWN_FOR: Duration = Duration::from_hours(32 * 24);
/// How far Commerce's clock and the sender's may be apart, time zones that somebody set wrongly included.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_hours(24);

/// The documents that a search finds.
///
/// # Errors
/// The doubt stays: again by schedule where that can help, else the event waits for a person.
pub async fn search(cx: &Context, list: &str, criteria: SearchCriteria) -> Result<Vec<Value>, Stop> {
    let mut reply = cx.commerce().get(format!("{list}?{criteria}")).await?;
    if !reply.is_success() {
        return Err(undecided(reply));
    }
    match reply.body.get_mut("items").map(Value::take) {
        Some(Value::Array(found)) => Ok(found),
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err(Stop::park("Commerce's answer to a search is no list")),
    }
}

/// The document at this path, if there is one.
///
/// # Errors
/// As a search.
pub async fn find(cx: &Context, path: String) -> Result<Option<Value>, Stop> {
    let reply = cx.commerce().get(path).await?;
    match reply.status {
        404 => Ok(None),
        _ if reply.is_success() => Ok(Some(reply.body)),
        _ => Err(undecided(reply)),
    }
}

/// Deletes; what is not there any more after an attempt in doubt was deleted by it.
pub async fn delete(cx: &Context, commerce: Target<'_>, path: String) -> Result<Reply, Stop> {
    let reply = commerce.delete(path).await?;
    if cx.is_in_doubt() && reply.status == 404 {
        return Ok(Reply::of_earlier_attempt(Value::Null));
    }
    Ok(reply)
}

/// Whether a document of Commerce can be the effect of this event: it is not older. One without a readable date can be.
pub fn can_be_of_event(cx: &Context, document: &Value) -> bool {
    let Some(accepted) = cx.event_time() else { return true };
    let created = document.get("created_at").and_then(Value::as_str).and_then(moment);
    created.is_none_or(|created| created.duration_since(accepted) >= -CLOCKS_APART_MAX)
}

/// Whether two texts are one to Commerce's database.
pub fn is_same_text(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

/// Commerce writes UTC and names no zone.
fn moment(text: &str) -> Option<Timestamp> {
    let date = text.trim().parse::<DateTime>().ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn undecided(reply: Reply) -> Stop {
    let said = reply.error.unwrap_or_else(|| format!("Commerce answered {}", reply.status));
    let message = format!("whether an earlier attempt had its effect cannot be looked up: {said}");
    let stop = match Fate::of_status(reply.status, None) {
        Fate::Retry { .. } | Fate::Unknown { .. } => Stop::unknown(message),
        _ => Stop::park(message),
    };
    let stop = stop.with_status(reply.status);
    if let Some(wait) = reply.retry_after { stop.after(wait) } else { stop }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::{Recorder, context};

    use super::*;

    async fn check_search(reply: Reply, expected: Result<usize, &Fate>) {
        let cx = context().commerce(Recorder::new().then(reply.clone())).build();
        let found = search(&cx, "shipments", SearchCriteria::new()).await;
        let found = found.as_ref().map(Vec::len).map_err(Stop::fate);
        assert_eq!(found, expected, "{reply:?}");
    }

    #[tokio::test]
    async fn who_cannot_look_stays_in_doubt() {
        check_search(Reply::new(200, json!({"items": [1, 2]})), Ok(2)).await;
        check_search(Reply::new(200, json!({"items": null})), Ok(0)).await;
        for body in [json!(null), json!([]), json!({}), json!({"items": {}})] {
            check_search(Reply::new(200, body), Err(&Fate::Parked)).await;
        }
        for status in [429, 500, 503, 504] {
            check_search(Reply::new(status, Value::Null), Err(&Fate::Unknown { after: None })).await;
        }
        for status in [400, 401, 403, 404] {
            check_search(Reply::new(status, Value::Null), Err(&Fate::Parked)).await;
        }
        let wait = Duration::from_secs(7);
        let busy = Reply { retry_after: Some(wait), ..Reply::new(503, Value::Null) };
        check_search(busy, Err(&Fate::Unknown { after: Some(wait) })).await;
    }

    #[tokio::test]
    async fn what_is_not_there_is_found_out() {
        let replies = [Reply::new(404, Value::Null), Reply::new(200, json!(1)), Reply::new(500, Value::Null)];
        let target = replies.into_iter().fold(Recorder::new(), Recorder::then);
        let cx = context().commerce(target).build();
        assert_eq!(find(&cx, "orders/1".to_owned()).await.unwrap(), None);
        assert_eq!(find(&cx, "orders/1".to_owned()).await.unwrap(), Some(json!(1)));
        assert_eq!(find(&cx, "orders/1".to_owned()).await.unwrap_err().fate(), &Fate::Unknown { after: None });
    }

    fn check_date(created: &Value, accepted: &str, expected: bool) {
        let mut event = testkit::event("code", &Value::Null);
        event.time = accepted.parse().unwrap();
        let cx = context().for_event(&event);
        assert_eq!(can_be_of_event(&cx, &json!({"created_at": created})), expected, "{created} {accepted}");
    }

    #[test]
    fn an_effect_is_not_older_than_its_event() {
        check_date(&json!("2026-03-02 10:00:00"), "2026-03-02T09:59:00Z", true);
        check_date(&json!("2026-03-02 10:00:00"), "2026-03-03T10:00:00Z", true);
        check_date(&json!("2026-03-02 10:00:00"), "2026-03-03T10:00:01Z", false);
        for created in [json!(null), json!("soon"), json!(7)] {
            check_date(&created, "2026-03-03T10:00:01Z", true);
        }
        assert!(can_be_of_event(&context().build(), &json!({"created_at": "2026-03-02 10:00:00"})));
    }
}
