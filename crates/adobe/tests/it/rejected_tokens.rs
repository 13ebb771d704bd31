use axum::response::IntoResponse;
use futures_util::future::join_all;
use sdk::Fate;

use crate::support::{Stand, TOKEN, TOKEN_PATH, Time, api, event, ims, json, stand, token};

#[tokio::test]
async fn many_rejections_of_one_token_cause_one_request() {
    let stand = Stand::start(|_, before| token(before)).await;
    let ims = ims(&stand.url, &Time::new());
    let first = ims.token().await.unwrap();
    for _ in 0..100 {
        ims.rejected(&first);
    }
    let second = ims.token().await.unwrap();
    ims.rejected(&first);
    assert_eq!(ims.token().await.unwrap(), second);
    assert_eq!(stand.count(TOKEN_PATH), 2);
}

#[tokio::test]
async fn a_replacement_that_is_rejected_at_once_is_kept_for_a_while() {
    let stand = Stand::start(|_, before| token(before)).await;
    let time = Time::new();
    let ims = ims(&stand.url, &time);
    ims.rejected(&ims.token().await.unwrap());
    let replacement = ims.token().await.unwrap();
    time.advance(29_999);
    ims.rejected(&replacement);
    assert_eq!(ims.token().await.unwrap(), replacement);
    time.advance(1);
    ims.rejected(&replacement);
    assert_ne!(ims.token().await.unwrap(), replacement);
}

#[tokio::test]
async fn many_events_that_meet_an_old_token_are_sent_with_one_new_one() {
    let stand = stand(|seen, _| match seen.header("authorization") {
        Some(bearer) if bearer.ends_with("-0") => json(401, r#"{"error_code":"401013","message":"expired"}"#),
        _ => "OK".into_response(),
    });
    let stand = stand.await;
    let api = api(&stand.url, &Time::new());
    let event = event();
    let sent = join_all((0..100).map(|_| api.publish(&event))).await;
    assert!(sent.iter().all(|sent| sent.fate == Fate::Done), "{sent:?}");
    assert_eq!((stand.count(TOKEN_PATH), stand.seen("/").len()), (2, 202));
}

#[tokio::test]
async fn a_service_that_rejects_every_token_does_not_cause_a_token_for_each_event() {
    let stand = stand(|_, _| json(401, r#"{"message":"no"}"#)).await;
    let api = api(&stand.url, &Time::new());
    for _ in 0..5 {
        let sent = api.publish(&event()).await;
        assert_eq!((&sent.fate, sent.status), (&Fate::Retry { after: None }, Some(401)));
        assert_eq!(sent.reason.as_deref(), Some("the event ingress does not accept our token (401): no"));
    }
    assert_eq!(stand.count(TOKEN_PATH), 2);
    let calls = stand.seen("/").into_iter().filter(|seen| seen.path == "/").count();
    assert_eq!(calls, 6, "only the first event is sent twice");
}

#[tokio::test]
async fn a_complaint_that_repeats_the_token_is_not_repeated() {
    let stand = stand(|seen, _| {
        let bearer = seen.header("authorization").unwrap_or_default();
        json(400, &format!(r#"{{"message":"odd {bearer}"}}"#))
    });
    let stand = stand.await;
    let sent = api(&stand.url, &Time::new()).publish(&event()).await;
    assert_eq!(sent.reason.as_deref(), Some("the event ingress refused this event (400)"));
    assert!(stand.seen("/")[1].header("authorization").unwrap().contains(TOKEN));
}
