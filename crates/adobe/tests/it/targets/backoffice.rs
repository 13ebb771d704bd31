use std::sync::Arc;
use std::time::Duration;

use adobe::{ApiKey, Authorize, Backoffice, Basic, Bearer, ClientCredentials, NoCredentials};
use axum::response::IntoResponse;
use http::header::{AUTHORIZATION, HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sdk::{Fate, TargetPort};
use secrecy::SecretString;

use super::{get, governor, post};
use crate::support::{SECRETS, Seen, Stand, TOKEN, TOKEN_PATH, Time, assert_discreet, ims, json, pool, stand};

fn backoffice(url: &str, headers: HeaderMap, authorize: impl Authorize + 'static) -> Backoffice {
    let backoffice = Backoffice::new(pool(), url, headers, Arc::new(authorize), governor());
    assert_discreet(&backoffice);
    backoffice
}

fn secret() -> SecretString {
    SecretString::from(SECRETS[0])
}

/// What arrives of a call with these credentials.
async fn sent(authorize: impl Authorize + 'static) -> Seen {
    let stand = stand(|_, _| json(200, "{}")).await;
    backoffice(&stand.url, HeaderMap::new(), authorize).call(get("orders")).await.unwrap();
    stand.seen("/orders").remove(0)
}

#[tokio::test]
async fn each_kind_of_credentials_arrives() {
    assert_eq!(sent(NoCredentials).await.header("authorization"), None);
    let seen = sent(ApiKey::new(HeaderName::from_static("x-erp-key"), secret())).await;
    assert_eq!((seen.header("x-erp-key"), seen.header("authorization")), (Some(SECRETS[0]), None));
    let seen = sent(Basic::new("Aladdin", SecretString::from("open sesame"))).await;
    assert_eq!(seen.header("authorization"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    let seen = sent(Bearer::new(secret())).await;
    assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {}", SECRETS[0])));
}

#[tokio::test]
async fn a_user_in_the_address_becomes_credentials_and_is_not_shown() {
    let stand = Stand::start(|_, _| json(200, "{}")).await;
    let url = stand.url.replace("http://", &format!("http://Aladdin:{}@", SECRETS[0]));
    backoffice(&url, HeaderMap::new(), NoCredentials).call(get("orders")).await.unwrap();
    let credentials = stand.seen("/orders")[0].header("authorization").unwrap().to_owned();
    assert!(credentials.starts_with("Basic QWxhZGRpbjpwOGUt"), "{credentials}");
    let nobody = "http://Aladdin:p8e-old-secret@127.0.0.1:1";
    assert_discreet(&backoffice(nobody, HeaderMap::new(), NoCredentials).call(get("orders")).await.unwrap_err());
}

#[tokio::test]
async fn client_credentials_are_renewed_once() {
    let stand = stand(|seen, _| match seen.header("authorization") {
        Some(bearer) if bearer.ends_with("-1") => json(200, "{}"),
        _ => json(401, "{}"),
    });
    let stand = stand.await;
    let tokens = ClientCredentials::new(ims(&stand.url, &Time::new()));
    let backoffice = backoffice(&stand.url, HeaderMap::new(), tokens);
    assert!(backoffice.call(get("orders")).await.unwrap().is_success());
    assert_eq!((stand.count(TOKEN_PATH), stand.count("/orders")), (2, 2));
    assert_eq!(stand.seen("/orders")[1].header("x-api-key"), None);
}

#[tokio::test]
async fn refused_client_credentials_do_not_speak_of_ims() {
    let stand = Stand::start(|_, _| json(400, r#"{"error":"invalid_client"}"#)).await;
    let tokens = ClientCredentials::new(ims(&stand.url, &Time::new()));
    let stop = backoffice(&stand.url, HeaderMap::new(), tokens).call(get("orders")).await.unwrap_err();
    assert_eq!(stop.fate(), &Fate::Parked);
    assert_eq!(
        stop.to_string(),
        "Unable to get access token for the back office: its token service does not know this client or its secret"
    );
}

#[tokio::test]
async fn a_key_that_no_header_carries_parks_and_is_not_told() {
    let key = ApiKey::new(HeaderName::from_static("x-key"), SecretString::from("p8e\n"));
    let stop = backoffice("http://127.0.0.1:1", HeaderMap::new(), key).call(get("orders")).await.unwrap_err();
    assert_eq!(stop.fate(), &Fate::Parked);
    assert!(!format!("{stop:?}").contains("p8e"), "{stop:?}");
}

#[tokio::test]
async fn fixed_headers_go_along_but_replace_nothing_of_the_call() {
    let stand = Stand::start(|_, _| json(200, "{}")).await;
    let value = HeaderValue::from_static;
    let headers = HeaderMap::from_iter([
        (HeaderName::from_static("x-tenant"), value("7")),
        (HeaderName::from_static("x-secret"), value(SECRETS[0])),
        (HeaderName::from_static("x-event-id"), value("mine")),
        (HeaderName::from_static("content-length"), value("99999")),
        (HeaderName::from_static("accept"), value("application/hal+json")),
        (HOST, value("elsewhere")),
        (AUTHORIZATION, value("mine")),
    ]);
    let basic = Basic::new("a", SecretString::from("b"));
    backoffice(&stand.url, headers, basic).call(post("orders", "{}")).await.unwrap();
    let seen = &stand.seen("/orders")[0];
    let names = ["x-tenant", "x-event-id", "accept", "content-length", "authorization"];
    let found = names.map(|name| seen.headers.get_all(name).iter().collect::<Vec<_>>());
    let expected = ["7", "event-1", "application/hal+json", "2", "Basic YTpi"];
    assert_eq!(found, expected.map(|one| vec![one]));
    assert!(seen.header("host").unwrap().starts_with("127.0.0.1:"));
}

/// The path that arrives.
async fn check(base: &str, path: &str, arrives: &str) {
    let stand = Stand::start(|_, _| json(200, "{}")).await;
    let backoffice = backoffice(&format!("{}{base}", stand.url), HeaderMap::new(), NoCredentials);
    backoffice.call(get(path)).await.unwrap();
    assert_eq!(stand.seen("/")[0].path, arrives, "{base} {path}");
}

#[tokio::test]
async fn one_slash_is_between_base_and_path() {
    check("/api/", "orders/1", "/api/orders/1").await;
    check("/api", "/orders", "/api/orders").await;
    check("", "orders?a=1", "/orders?a=1").await;
    check("/hook", "", "/hook").await;
    check("/hook", "?a=1", "/hook?a=1").await;
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_refused() {
    let backoffice = backoffice("http://127.0.0.1:1/api", HeaderMap::new(), NoCredentials);
    let stop = backoffice.call(get("orders/%2e%2e")).await.unwrap_err();
    assert_eq!((stop.fate(), stop.to_string().contains("the back office")), (&Fate::Rejected, true));
}

#[tokio::test]
async fn a_success_may_be_any_text() {
    let stand = Stand::start(|_, _| "OK".into_response()).await;
    let reply = backoffice(&stand.url, HeaderMap::new(), NoCredentials).call(post("orders", "{}")).await.unwrap();
    assert!(reply.is_success() && reply.body.is_null() && reply.error.is_none());
}

#[tokio::test]
async fn a_refusal_tells_why_and_for_how_long() {
    let stand = Stand::start(|_, _| {
        let wait = [(RETRY_AFTER, "90")];
        (StatusCode::CONFLICT, wait, r#"{"message":"order is locked"}"#).into_response()
    });
    let stand = stand.await;
    let reply = backoffice(&stand.url, HeaderMap::new(), NoCredentials).call(post("orders", "{}")).await.unwrap();
    assert_eq!(reply.error.as_deref(), Some("The back office answered 409: order is locked"));
    assert_eq!((reply.status, reply.retry_after), (409, Some(Duration::from_secs(90))));
}

#[tokio::test]
async fn nobody_there_is_a_retry() {
    let backoffice = backoffice("http://127.0.0.1:1", HeaderMap::new(), NoCredentials);
    let stop = backoffice.call(get("orders")).await.unwrap_err();
    assert_eq!((stop.fate(), &*stop.to_string()), (&Fate::Retry { after: None }, "The back office cannot be reached"));
}

#[tokio::test]
async fn a_complaint_that_repeats_a_key_is_told_without_it() {
    let stand = Stand::start(|_, _| json(403, &format!(r#"{{"error":"bad key {} {TOKEN}"}}"#, SECRETS[0]))).await;
    let key = ApiKey::new(HeaderName::from_static("x-key"), secret());
    let reply = backoffice(&stand.url, HeaderMap::new(), key).call(get("orders")).await.unwrap();
    assert_eq!(reply.error.as_deref(), Some(&*format!("The back office answered 403: bad key *** {TOKEN}")));
}
