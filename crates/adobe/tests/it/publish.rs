use std::time::Duration;

use axum::response::{IntoResponse, Redirect, Response};
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, StatusCode};
use sdk::Fate;

use crate::support::{Stand, TOKEN, TOKEN_PATH, Time, api, api_with_tokens_of, assert_discreet, event, json, stand};

const RETRY: Fate = Fate::Retry { after: None };

async fn check(answer: impl Fn() -> Response + Send + Sync + 'static, fate: Fate, reason: Option<&str>) {
    let stand = stand(move |_, _| answer()).await;
    let api = api(&stand.url, &Time::new());
    let sent = api.publish(&event()).await;
    assert_eq!((&sent.fate, sent.reason.as_deref()), (&fate, reason));
    assert_discreet(&sent);
    assert_discreet(&api);
}

fn status(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap().into_response()
}

fn with(mut response: Response, name: HeaderName, value: &'static str) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

#[tokio::test]
async fn an_event_goes_out_as_a_structured_cloudevent_with_our_credentials() {
    let stand = stand(|_, _| "OK".into_response()).await;
    let api = api(&stand.url, &Time::new());
    for _ in 0..2 {
        let sent = api.publish(&event()).await;
        assert_eq!((sent.fate, sent.status, sent.reason), (Fate::Done, Some(200), None));
        let exchange = sent.exchange.unwrap();
        let content_type = ("content-type".to_owned(), "application/cloudevents+json".to_owned());
        assert_eq!(
            (exchange.headers, &exchange.body[..]),
            (vec![content_type], &*serde_json::to_vec(&event()).unwrap())
        );
        assert_eq!(exchange.answer.unwrap().body, b"OK");
    }
    assert_eq!(stand.count(TOKEN_PATH), 1);
    let seen: Vec<_> = stand.seen("/").into_iter().filter(|seen| seen.path == "/").collect();
    assert_eq!((seen.len(), seen[0].method.as_str()), (2, "POST"));
    assert_eq!(seen[0].header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(seen[0].header("authorization"), Some(&*format!("Bearer {TOKEN}0")));
    assert_eq!(seen[0].header("x-api-key"), Some("client"));
    assert_eq!(seen[0].header("x-ims-org-id"), Some("24HEX@AdobeOrg"));
    assert_eq!(seen[0].body, serde_json::to_vec(&event()).unwrap());
    assert_eq!(seen[0].body, seen[1].body);
}

#[tokio::test]
async fn what_the_ingress_accepts_is_done() {
    check(|| "OK".into_response(), Fate::Done, None).await;
    check(|| status(202), Fate::Done, None).await;
    check(|| "x".repeat(65 * 1024).into_response(), Fate::Done, None).await;
    check(|| status(204), Fate::Parked, Some("nobody is registered for this event")).await;
}

#[tokio::test]
async fn what_the_ingress_refuses_for_good_is_refused_with_its_reason() {
    let refused = |reason| (Fate::Refused, Some(reason));
    let (fate, reason) = refused("the event ingress refused this event (400): no `type`; Bad Request. Request id: 7.");
    check(|| json(400, r#"{"reason":"Bad Request. Request id: 7.","message":"no `type`"}"#), fate, reason).await;
    let (fate, reason) = refused("the event ingress refused this event (400)");
    check(|| (StatusCode::BAD_REQUEST, "<html>").into_response(), fate, reason).await;
    let (fate, reason) = refused("the event ingress does not know this address or provider (404)");
    check(|| status(404), fate, reason).await;
    let (fate, reason) = refused("this event is too large for the event ingress (413)");
    check(|| status(413), fate, reason).await;
    let (fate, reason) = refused("the event ingress refused this event (422): a 7");
    check(|| json(422, r#"{"error":{"message":"a\n7"}}"#), fate, reason).await;
    let (fate, reason) = refused("the event ingress does not speak our version of HTTP (505)");
    check(|| status(505), fate, reason).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let reason = "the event ingress answered with a redirect, which is not followed (307)";
    check(|| Redirect::temporary("/elsewhere").into_response(), Fate::Refused, Some(reason)).await;
}

#[tokio::test]
async fn what_may_go_well_later_is_tried_again() {
    let forbidden = r#"{"error":{"message":"Client ID is invalid","details":{"error_code":"403003"}}}"#;
    let reason = "the event ingress does not accept our credentials (403): Client ID is invalid; 403003";
    check(|| json(403, forbidden), RETRY, Some(reason)).await;
    let reason = "the event ingress does not accept our token (401): Oauth token is not valid; 401013";
    check(|| json(401, r#"{"error_code":"401013","message":"Oauth token is not valid"}"#), RETRY, Some(reason)).await;
    let reason = "the event ingress has a fault of its own (500): Unexpected server error occurred";
    check(|| json(500, r#"{"reason":null,"message":"Unexpected server error occurred"}"#), RETRY, Some(reason)).await;
    check(|| status(503), RETRY, Some("the event ingress has a fault of its own (503)")).await;
}

#[tokio::test]
async fn throttling_says_when_to_come_again() {
    let reason = Some("the event ingress is throttling (429)");
    let after = |seconds| Fate::Retry { after: Some(Duration::from_secs(seconds)) };
    check(|| with(status(429), RETRY_AFTER, "5"), after(5), reason).await;
    check(|| with(status(429), RETRY_AFTER, "Sun, 22 Nov 2026 10:01:30 GMT"), after(90), reason).await;
    check(|| with(status(429), RETRY_AFTER, "9999999"), after(86_400), reason).await;
    check(|| status(429), RETRY, reason).await;
}

#[tokio::test]
async fn a_complaint_without_end_is_left_out() {
    let long = format!(r#"{{"message":"{}"}}"#, "a".repeat(65 * 1024));
    check(move || json(400, &long), Fate::Refused, Some("the event ingress refused this event (400)")).await;
}

#[tokio::test]
async fn the_request_id_of_an_answer_is_kept() {
    let stand = stand(|_, _| with(status(500), HeaderName::from_static("x-request-id"), "r-1")).await;
    let sent = api(&stand.url, &Time::new()).publish(&event()).await;
    assert_eq!(sent.request_id.as_deref(), Some("r-1"));
}

#[tokio::test]
async fn without_a_token_the_event_waits_and_the_ingress_is_not_asked() {
    let tokens = Stand::start(|_, _| with(status(429), RETRY_AFTER, "7")).await;
    let stand = stand(|_, _| "OK".into_response()).await;
    let api = api_with_tokens_of(&tokens.url, &stand.url, &Time::new());
    for _ in 0..3 {
        let sent = api.publish(&event()).await;
        assert_eq!(sent.fate, Fate::Retry { after: Some(Duration::from_secs(7)) });
        let reason = "IMS is throttling or has a fault of its own, it answered 429";
        assert_eq!((sent.status, sent.reason.as_deref()), (None, Some(reason)));
    }
    assert_eq!((tokens.count("/"), stand.count("/")), (1, 0));
}

/// Nobody listens at port 1, and what the stand speaks is no TLS.
#[tokio::test]
async fn an_answer_that_never_came_has_the_number_of_why() {
    let stand = stand(|_, _| "OK".into_response()).await;
    for (ingress, code) in [("http://127.0.0.1:1".to_owned(), 602), (stand.url.replace("http:", "https:"), 611)] {
        let sent = api_with_tokens_of(&stand.url, &ingress, &Time::new()).publish(&event()).await;
        assert_eq!((&sent.fate, sent.status), (&RETRY, None), "{sent:?}");
        let unanswered = sent.exchange.unwrap().answer.unwrap_err();
        assert_eq!((unanswered.code, Some(unanswered.reason)), (code, sent.reason));
    }
}
