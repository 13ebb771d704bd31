use axum::response::{IntoResponse, Redirect};
use http::StatusCode;

use super::sender;
use crate::support::{Stand, Time};

const PLACE: &str = "/events/csm/registrations/validate";

#[tokio::test]
async fn a_validation_url_of_the_events_api_is_fetched() {
    let stand = Stand::start(|_, _| "done".into_response()).await;
    let sender = sender(&stand.url, &Time::new());
    sender.visit(&format!("{}{PLACE}?id=1&challenge=s3cret", stand.url)).await.unwrap();
    let [seen] = &stand.seen("/")[..] else { panic!("one request") };
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("GET", "/events/csm/registrations/validate?id=1&challenge=s3cret")
    );
}

#[tokio::test]
async fn nothing_else_is_called_and_no_redirect_followed() {
    let stand = Stand::start(|seen, _| match seen.path.split_once('?').unwrap().0 {
        "/moved" => Redirect::temporary("/elsewhere?").into_response(),
        "/large" => "x".repeat(64 * 1024 * 1024).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    })
    .await;
    let other = Stand::start(|_, _| "done".into_response()).await;
    let sender = sender(&stand.url, &Time::new());
    let said = async |url: String| sender.visit(&url).await.unwrap_err();
    assert_eq!(said(format!("{}/moved?s3cret", stand.url)).await, "the validation URL at `127.0.0.1` answered 307");
    assert_eq!(said(format!("{}/gone?s3cret", stand.url)).await, "the validation URL at `127.0.0.1` answered 404");
    let foreign = said(format!("{}{PLACE}?challenge=s3cret", other.url)).await;
    assert!(foreign.contains("its host is neither") && !foreign.contains("s3cret"), "{foreign}");
    sender.visit(&format!("{}/large?", stand.url)).await.unwrap();
    assert_eq!((stand.count("/elsewhere"), other.count("/")), (0, 0));
}

#[tokio::test]
async fn strangers_cannot_make_us_hammer_the_events_api() {
    let stand = Stand::start(|_, _| StatusCode::NOT_FOUND.into_response()).await;
    let time = Time::new();
    let sender = sender(&stand.url, &time);
    for number in 0..50 {
        sender.visit(&format!("{}{PLACE}?challenge={number}", stand.url)).await.unwrap_err();
    }
    assert_eq!(stand.count("/"), 10);
    time.advance(60_000);
    assert!(sender.visit(&format!("{}{PLACE}?challenge=x", stand.url)).await.unwrap_err().contains("answered 404"));
}
