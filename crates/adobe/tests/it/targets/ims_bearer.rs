use std::sync::Arc;
use std::time::Duration;

use adobe::{Commerce, Ims, ImsBearer, SettingsError};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use http::header::RETRY_AFTER;
use sdk::{Fate, Stop, TargetPort};

use super::{commerce, get, post};
use crate::support::{Seen, Stand, TOKEN, TOKEN_PATH, Time, assert_discreet, ims, json, stand};

const ORG_ID: &str = "24HEX@AdobeOrg";

fn bearer(ims: &Arc<Ims>) -> ImsBearer {
    ImsBearer::new(Arc::clone(ims), "client", Some(ORG_ID)).unwrap()
}

/// Commerce at a stand-in that gives tokens, too.
fn at(stand: &Stand) -> Commerce {
    commerce(&stand.url, bearer(&ims(&stand.url, &Time::new())))
}

#[tokio::test]
async fn calls_carry_the_token_the_client_and_the_organisation() {
    let stand = stand(|_, _| json(200, "{}")).await;
    at(&stand).call(get("products/A")).await.unwrap();
    let seen = &stand.seen("/V1/")[0];
    let headers = ["authorization", "x-api-key", "x-gw-ims-org-id"].map(|name| seen.header(name).unwrap());
    assert_eq!(headers, [&format!("Bearer {TOKEN}0"), "client", ORG_ID]);
}

#[tokio::test]
async fn without_an_organisation_none_is_named() {
    let stand = stand(|_, _| json(200, "{}")).await;
    let bearer = ImsBearer::new(ims(&stand.url, &Time::new()), "client", None).unwrap();
    commerce(&stand.url, bearer).call(get("products/A")).await.unwrap();
    assert_eq!(stand.seen("/V1/")[0].header("x-gw-ims-org-id"), None);
}

#[tokio::test]
async fn a_client_id_that_no_header_carries_is_refused() {
    let ims = ims("http://127.0.0.1:1", &Time::new());
    let error = ImsBearer::new(ims, "cli\nent", None).unwrap_err();
    assert_eq!(error, SettingsError::Header { key: "OAUTH_CLIENT_ID" });
}

/// Takes every token but the first.
fn first_is_old(seen: &Seen, _: usize) -> Response {
    let is_first = seen.header("authorization").is_some_and(|bearer| bearer.ends_with("-0"));
    if is_first { json(401, r#"{"message":"expired"}"#) } else { json(200, "{}") }
}

#[tokio::test]
async fn fifty_calls_with_an_old_token_share_one_new_one() {
    let stand = stand(first_is_old).await;
    let commerce = at(&stand);
    let replies = join_all((0..50).map(|_| commerce.call(post("products", "{}")))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().unwrap().is_success()));
    assert_eq!((stand.count(TOKEN_PATH), stand.count("/V1/")), (2, 100));
    assert!(stand.seen("/V1/").iter().all(|seen| &*seen.body == b"{}" && seen.header("x-event-id").is_some()));
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let stand = stand(|_, _| json(401, r#"{"message":"no"}"#)).await;
    let reply = at(&stand).call(get("products/A")).await.unwrap();
    assert_eq!((reply.status, reply.error.as_deref()), (401, Some("Commerce answered 401: no")));
    assert_eq!((stand.count(TOKEN_PATH), stand.count("/V1/")), (2, 2));
}

#[tokio::test]
async fn a_store_that_rejects_every_token_does_not_cause_a_token_for_each_call() {
    let stand = stand(|_, _| json(401, r#"{"message":"no"}"#)).await;
    let commerce = at(&stand);
    for _ in 0..5 {
        assert_eq!(commerce.call(get("products/A")).await.unwrap().status, 401);
    }
    assert_eq!((stand.count(TOKEN_PATH), stand.count("/V1/")), (2, 6));
}

/// The stop when IMS answers so.
async fn without_token(answer: impl Fn() -> Response + Send + Sync + 'static) -> Stop {
    let stand = Stand::start(move |_, _| answer()).await;
    let commerce = at(&stand);
    assert_discreet(&commerce);
    let stop = commerce.call(get("products/A")).await.unwrap_err();
    assert_eq!(stand.count("/V1/"), 0);
    assert_discreet(&stop);
    stop
}

#[tokio::test]
async fn refused_credentials_wait_for_a_person() {
    let stop = without_token(|| json(400, r#"{"error":"invalid_client"}"#)).await;
    assert_eq!(stop.fate(), &Fate::Parked);
    assert!(stop.to_string().starts_with("Unable to get access token: IMS does not know this client"), "{stop}");
    let stop = without_token(|| json(400, r#"{"error":"invalid_scope"}"#)).await;
    assert_eq!(stop.fate(), &Fate::Parked);
    let stop = without_token(|| json(403, r#"{"error":"odd"}"#)).await;
    assert_eq!(stop.to_string(), "Unable to get access token: IMS refused to give a token, its reason is `odd`");
}

#[tokio::test]
async fn an_outage_of_ims_passes() {
    let stop = without_token(|| json(429, "{}")).await;
    assert_eq!(stop.fate(), &Fate::Retry { after: None });
    let stop = without_token(|| (http::StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "7")]).into_response()).await;
    assert_eq!(stop.fate(), &Fate::Retry { after: Some(Duration::from_secs(7)) });
    let text = "Unable to get access token: IMS is throttling or has a fault of its own, it answered 503";
    assert_eq!(stop.to_string(), text);
    let stop = without_token(|| "<html>sign in".into_response()).await;
    assert_eq!(stop.fate(), &Fate::Retry { after: None });
}

#[tokio::test]
async fn nobody_there_is_a_retry() {
    let bearer = bearer(&ims("http://127.0.0.1:1", &Time::new()));
    let stop = commerce("http://127.0.0.1:1", bearer).call(get("products/A")).await.unwrap_err();
    assert_eq!(stop.to_string(), "Unable to get access token: IMS cannot be reached");
    assert_eq!(stop.fate(), &Fate::Retry { after: None });
}
