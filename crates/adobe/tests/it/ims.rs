use std::sync::{Arc, Mutex};

use adobe::{Ims, SettingsError, TokenError};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::join_all;
use http::header::CONTENT_TYPE;

use crate::support::{SECRETS, Stand, TOKEN, TOKEN_PATH, Time, assert_discreet, ims, ims_settings, json, pool, token};

fn lives(expires_in: u64) -> impl Fn(&crate::support::Seen, usize) -> Response {
    move |_, before| {
        let body = format!(r#"{{"access_token":"{TOKEN}{before}","token_type":"bearer","expires_in":{expires_in}}}"#);
        json(200, &body)
    }
}

#[tokio::test]
async fn the_request_is_a_form_with_scopes_joined_by_commas() {
    let stand = Stand::start(|_, before| token(before)).await;
    let token = ims(&stand.url, &Time::new()).token().await.unwrap();
    assert_eq!(token.bearer().to_str().unwrap(), format!("Bearer {TOKEN}0"));
    let [seen] = &stand.seen(TOKEN_PATH)[..] else { panic!("one request") };
    assert_eq!(
        (seen.method.as_str(), seen.header("content-type")),
        ("POST", Some("application/x-www-form-urlencoded"))
    );
    assert_eq!(seen.header("authorization"), None);
    let mut form: Vec<_> = seen.form().into_iter().collect();
    form.sort();
    let expected = [
        ("client_id", "client"),
        ("client_secret", SECRETS[0]),
        ("grant_type", "client_credentials"),
        ("scope", "openid,adobeio_api"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn only_the_second_version_of_the_address_is_told_the_organisation() {
    let stand = Stand::start(|_, before| token(before)).await;
    let mut settings = ims_settings(&stand.url);
    settings.token_url = format!("{}/ims/token/v2", stand.url);
    settings.scopes.clear();
    Ims::new(pool(), settings, Time::new().clock()).unwrap().token().await.unwrap();
    let form = stand.seen("/ims/token/v2")[0].form();
    assert_eq!((form.get("org_id").map(String::as_str), form.get("scope")), (Some("24HEX@AdobeOrg"), None));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let new = |settings| Ims::new(pool(), settings, Time::new().clock()).unwrap_err();
    let mut settings = ims_settings("ftp://x");
    assert_eq!(new(settings.clone()).to_string(), "the address of IMS tokens must begin with `https://` or `http://`");
    settings.client_secrets.clear();
    assert_eq!(new(settings), SettingsError::NoSecret);
}

/// Two tokens are made: the second when the first has lived for `renewed_after` seconds.
async fn check_renewal(expires_in: u64, renewed_after: u64) {
    let stand = Stand::start(lives(expires_in)).await;
    let time = Time::new();
    let ims = ims(&stand.url, &time);
    let first = ims.token().await.unwrap();
    time.advance(renewed_after * 1_000 - 1);
    assert_eq!(ims.token().await.unwrap(), first, "{expires_in}");
    time.advance(1);
    assert_ne!(ims.token().await.unwrap(), first, "{expires_in}");
    assert_eq!(stand.count(TOKEN_PATH), 2);
}

#[tokio::test]
async fn a_token_is_renewed_shortly_before_its_end() {
    check_renewal(100, 90).await;
    check_renewal(86_399, 86_099).await;
}

#[tokio::test]
async fn a_lifetime_in_milliseconds_is_noticed() {
    check_renewal(86_399_000, 86_099).await;
}

#[tokio::test]
async fn a_hundred_callers_make_one_request() {
    let stand = Stand::start(|_, before| token(before)).await;
    let ims = ims(&stand.url, &Time::new());
    let tokens = join_all((0..100).map(|_| ims.token())).await;
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == tokens[0].as_ref().unwrap()));
    assert_eq!(stand.count(TOKEN_PATH), 1);
}

#[tokio::test]
async fn a_hundred_callers_share_one_failure() {
    let stand = Stand::start(|_, _| json(400, r#"{"error":"invalid_scope"}"#)).await;
    let ims = ims(&stand.url, &Time::new());
    let tokens = join_all((0..100).map(|_| ims.token())).await;
    assert!(tokens.iter().all(|token| matches!(token, Err(TokenError::InvalidScope))));
    assert_eq!(stand.count(TOKEN_PATH), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_stop_the_others() {
    let stand = Stand::start(|_, before| token(before)).await;
    let ims = ims(&stand.url, &Time::new());
    let mut first = Box::pin(ims.token());
    assert!(futures_util::poll!(&mut first).is_pending());
    let second = ims.token();
    tokio::pin!(second);
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    second.await.unwrap();
    assert_eq!(stand.count(TOKEN_PATH), 1);
}

#[tokio::test]
async fn a_request_for_which_nobody_waits_is_not_taken_up_again() {
    let stand = Stand::start(|_, before| token(before)).await;
    let ims = ims(&stand.url, &Time::new());
    assert!(futures_util::poll!(Box::pin(ims.token())).is_pending());
    ims.token().await.unwrap();
}

#[tokio::test]
async fn of_two_secrets_the_one_that_works_is_remembered() {
    let good = Arc::new(Mutex::new(SECRETS[1]));
    let accepted = Arc::clone(&good);
    let stand = Stand::start(move |seen, before| {
        if seen.form()["client_secret"] == *accepted.lock().unwrap() {
            return token(before);
        }
        json(400, r#"{"error":"invalid_client","error_description":"invalid client_secret parameter"}"#)
    });
    let (stand, time) = (stand.await, Time::new());
    let ims = ims(&stand.url, &time);
    let mut used = Vec::new();
    for secret in [SECRETS[1], SECRETS[1], SECRETS[0], SECRETS[0]] {
        *good.lock().unwrap() = secret;
        ims.token().await.unwrap();
        time.advance(86_400_000);
        used.push(stand.count(TOKEN_PATH));
    }
    assert_eq!(used, [2, 3, 5, 6]);
    let secrets: Vec<_> = stand.seen(TOKEN_PATH).iter().map(|seen| seen.form()["client_secret"].clone()).collect();
    assert_eq!(secrets, [0, 1, 1, 1, 0, 0].map(|index| SECRETS[index]));
}

/// The error's text for one answer of IMS.
async fn check(answer: impl Fn() -> Response + Send + Sync + 'static, text: &str) -> TokenError {
    let stand = Stand::start(move |_, _| answer()).await;
    let ims = ims(&stand.url, &Time::new());
    let error = ims.token().await.unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_discreet(&error);
    assert_discreet(&ims);
    error
}

#[tokio::test]
async fn refusals_of_400_and_401_are_told_apart_by_their_code() {
    let client =
        "IMS does not know this client or none of its secrets; check `OAUTH_CLIENT_ID` and `OAUTH_CLIENT_SECRET`";
    let unknown = r#"{"error":"invalid_client","error_description":"invalid client_id parameter"}"#;
    let odd = r#"{"error":"invalid_client","error_description":{"text":1}}"#;
    check(move || json(400, unknown), client).await;
    check(move || json(401, unknown), client).await;
    check(move || json(400, odd), client).await;
    let scope = "IMS does not grant these scopes; check `OAUTH_SCOPES`";
    check(|| json(400, r#"{"error":"invalid_scope","error_description":"no"}"#), scope).await;
    check(
        || json(400, r#"{"error":"unsupported_grant_type"}"#),
        "IMS refused to give a token, its reason is `unsupported_grant_type`",
    )
    .await;
    let echo = format!(r#"{{"error":"odd_code {}"}}"#, SECRETS[0]);
    check(move || json(403, &echo), "IMS refused to give a token, its reason is `odd_code`").await;
}

#[tokio::test]
async fn an_answer_from_something_else_says_what_it_looks_like() {
    let page = || ([(CONTENT_TYPE, "text/html")], "<html>sign in</html>").into_response();
    let proxy = "a proxy or login page seems to answer";
    check(page, &format!("IMS answered 200 with `text/html` instead of JSON; {proxy}")).await;
    let redirect = || Redirect::temporary("/login").into_response();
    check(redirect, &format!("IMS answered 307 with no content type instead of JSON; {proxy}")).await;
    let none = "with JSON that holds neither a token nor an error";
    check(|| json(200, r#"{"valid":true}"#), &format!("IMS answered 200 {none}")).await;
    check(|| json(200, "[]"), &format!("IMS answered 200 {none}")).await;
    check(|| json(200, r#"{"access_token":"a\nb","token_type":"bearer"}"#), &format!("IMS answered 200 {none}")).await;
    check(|| json(403, r#"{"error":{"code":"Forbidden"}}"#), &format!("IMS answered 403 {none}")).await;
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let long = "a".repeat(64 * 1024 + 1);
    check(move || json(200, &long), "IMS answered 200 with more than 65536 bytes").await;
}

#[tokio::test]
async fn a_token_with_another_content_type_is_a_token() {
    let stand = Stand::start(|_, _| r#"{"access_token":"x","token_type":"bearer"}"#.into_response()).await;
    assert_eq!(ims(&stand.url, &Time::new()).token().await.unwrap().bearer(), "Bearer x");
}

#[tokio::test]
async fn nothing_shows_a_secret_or_a_token() {
    let stand = Stand::start(|_, before| token(before)).await;
    let ims = ims(&stand.url, &Time::new());
    let token = ims.token().await.unwrap();
    assert_discreet(&(ims, &token, token.bearer(), ims_settings(&stand.url)));
}
