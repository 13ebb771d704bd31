//! Tokens that others bring along, against a stand-in IMS.

use std::time::Duration;

use adobe::{TokenCheck, TokenCheckSettings, TokenDoubt};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use http::header::RETRY_AFTER;
use serde_json::json;

use crate::support::{Seen, Stand, Time, json, pool};

const ORG: &str = "0123456789ABCDEF01234567@AdobeOrg";
const VALIDATE: &str = "/ims/validate_token/v1";
const ORGANIZATIONS: &str = "/ims/organizations/v6";

/// Begun when the clock of the tests begins.
const CREATED: i64 = 1_795_341_600_000;

/// A token that lives for a day; `number` tells it from others.
fn token(number: u32) -> String {
    living(number, 86_400_000)
}

fn living(number: u32, milliseconds: i64) -> String {
    let payload = json!({
        "type": "access_token", "client_id": "shop", "number": number,
        "created_at": CREATED.to_string(), "expires_in": milliseconds.to_string(),
    });
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload.to_string()))
}

fn check_of(url: &str, time: &Time) -> TokenCheck {
    let settings = TokenCheckSettings { ims_url: format!("{url}/ims/"), org_id: ORG.to_owned() };
    TokenCheck::new(pool(), settings, time.clock()).unwrap()
}

fn valid() -> Response {
    json(200, r#"{"valid":true,"token":{}}"#)
}

fn organizations(ident: &str) -> Response {
    json(
        200,
        &format!(r#"[{{"orgName":"A","orgRef":{{"ident":"{ident}","authSrc":"AdobeOrg"}},"orgType":"Enterprise"}}]"#),
    )
}

/// Vouches for everybody.
fn generous(seen: &Seen) -> Response {
    if seen.path == VALIDATE { valid() } else { organizations("0123456789ABCDEF01234567") }
}

/// What comes of a token when IMS answers so.
async fn doubt(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> TokenDoubt {
    let stand = Stand::start(move |seen, _| answer(seen)).await;
    let doubt = check_of(&stand.url, &Time::new()).check(&token(0)).await.unwrap_err();
    let shown = format!("{doubt} {doubt:?}");
    assert!(!shown.contains("e30") && !shown.contains("c2ln"), "{shown}");
    doubt
}

fn refused(reason: &str) -> TokenDoubt {
    TokenDoubt::Refused(reason.to_owned())
}

#[tokio::test]
async fn ims_is_asked_for_the_tokens_validity_and_its_organisations() {
    let stand = Stand::start(|seen, _| generous(seen)).await;
    let time = Time::new();
    check_of(&stand.url, &time).check(&token(0)).await.unwrap();
    let [validate] = &stand.seen(VALIDATE)[..] else { panic!("one request") };
    assert_eq!(validate.method, "POST");
    assert_eq!(validate.header("content-type"), Some("application/x-www-form-urlencoded"));
    let mut form: Vec<_> = validate.form().into_iter().collect();
    form.sort();
    let expected = [("client_id", "shop".to_owned()), ("token", token(0)), ("type", "access_token".to_owned())];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value)));
    let [organizations] = &stand.seen(ORGANIZATIONS)[..] else { panic!("one request") };
    assert_eq!(organizations.method, "GET");
    assert_eq!(organizations.header("authorization"), Some(format!("Bearer {}", token(0)).as_str()));
}

#[tokio::test]
async fn a_verdict_counts_for_five_minutes_and_never_beyond_the_token() {
    let stand = Stand::start(|seen, _| generous(seen)).await;
    let time = Time::new();
    let check = check_of(&stand.url, &time);
    let (long, short) = (token(0), living(1, 60_000));
    for token in [&long, &short, &long, &short] {
        check.check(token).await.unwrap();
    }
    assert_eq!(stand.count("/ims/"), 4, "two requests for each of them");
    time.advance(60_000);
    assert_eq!(check.check(&short).await, Err(refused("the token ended 0 s ago")));
    time.advance(239_999);
    check.check(&long).await.unwrap();
    assert_eq!(stand.count("/ims/"), 4);
    time.advance(1);
    check.check(&long).await.unwrap();
    assert_eq!(stand.count("/ims/"), 6);
}

#[tokio::test]
async fn a_refusal_counts_for_ten_seconds() {
    let stand = Stand::start(|_, _| json(200, r#"{"valid":false,"reason":"bad_signature"}"#)).await;
    let time = Time::new();
    let check = check_of(&stand.url, &time);
    let reason = refused("IMS says that the token is not valid, its reason is `bad_signature`");
    for (pause, requests) in [(0, 1), (9_999, 1), (1, 2)] {
        time.advance(pause);
        assert_eq!(check.check(&token(0)).await, Err(reason.clone()));
        assert_eq!(stand.count(VALIDATE), requests, "{pause}");
    }
    assert_eq!(stand.count(ORGANIZATIONS), 0);
}

#[tokio::test]
async fn many_who_bring_one_token_cost_one_question() {
    let stand = Stand::start(|seen, _| generous(seen)).await;
    let check = check_of(&stand.url, &Time::new());
    let token = token(0);
    let verdicts = join_all((0..100).map(|_| check.check(&token))).await;
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    assert_eq!((stand.count(VALIDATE), stand.count(ORGANIZATIONS)), (1, 1));
}

#[tokio::test]
async fn what_is_no_living_access_token_costs_no_question() {
    let stand = Stand::start(|seen, _| generous(seen)).await;
    let time = Time::new();
    let check = check_of(&stand.url, &time);
    for text in ["", "opaque", "a.b.c", "e30.e30.c2ln"] {
        assert!(matches!(check.check(text).await, Err(TokenDoubt::Refused(_))), "{text}");
    }
    assert_eq!(
        check.check(&format!("{}\u{1}", token(0))).await.unwrap_err(),
        refused("the token has characters that no header carries")
    );
    time.advance(86_407_000);
    assert_eq!(check.check(&token(0)).await, Err(refused("the token ended 7 s ago")));
    assert_eq!(stand.count("/"), 0);
}

#[tokio::test]
async fn a_token_of_another_organisation_or_without_its_scope_is_refused() {
    let other = |seen: &Seen| if seen.path == VALIDATE { valid() } else { organizations("89ABCDEF0123456701234567") };
    assert_eq!(doubt(other).await, refused("the token is of another organisation"));
    let none = |seen: &Seen| if seen.path == VALIDATE { valid() } else { json(200, "[]") };
    assert_eq!(doubt(none).await, refused("the token is of another organisation"));
    let without = |seen: &Seen| if seen.path == VALIDATE { valid() } else { json(403, "{}") };
    let TokenDoubt::Refused(reason) = doubt(without).await else { panic!("refused") };
    assert!(reason.contains("scope `read_organizations`") && reason.contains("403"), "{reason}");
    let TokenDoubt::Refused(reason) = doubt(|_| json(401, r#"{"error":"invalid_token"}"#)).await else {
        panic!("refused")
    };
    assert_eq!(reason, "IMS refuses to validate the token, it answered 401");
}

async fn check_unknown(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static, part: &str, seconds: u64) {
    match doubt(answer).await {
        TokenDoubt::Unknown { reason, retry_after } => {
            assert!(reason.contains(part), "{reason}");
            assert_eq!(retry_after, Duration::from_secs(seconds), "{reason}");
        }
        TokenDoubt::Refused(reason) => panic!("refused: {reason}"),
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_about_the_token_is_no_refusal() {
    check_unknown(|_| json(503, "{}"), "it answered 503", 5).await;
    check_unknown(|_| ([(RETRY_AFTER, "17")], json(429, "{}")).into_response(), "it answered 429", 17).await;
    check_unknown(|_| json(200, &" ".repeat(70_000)), "more than 65536 bytes", 5).await;
    check_unknown(|_| json(200, "<html>"), "instead of JSON", 5).await;
    check_unknown(|_| json(200, r#"{"valid":"true"}"#), "neither", 5).await;
    check_unknown(|_| json(404, "{}"), "neither", 5).await;
    check_unknown(|seen| if seen.path == VALIDATE { valid() } else { json(200, "{}") }, "neither", 5).await;
    let nobody = check_of("http://127.0.0.1:1", &Time::new()).check(&token(0)).await;
    let cannot =
        TokenDoubt::Unknown { reason: "IMS cannot be reached".to_owned(), retry_after: Duration::from_secs(5) };
    assert_eq!(nobody, Err(cannot));
}

#[tokio::test]
async fn after_a_failure_nothing_is_asked_for_a_moment() {
    let stand = Stand::start(|seen, before| if before == 0 { json(500, "{}") } else { generous(seen) }).await;
    let time = Time::new();
    let check = check_of(&stand.url, &time);
    for pause in [0, 499] {
        time.advance(pause);
        assert!(matches!(check.check(&token(0)).await, Err(TokenDoubt::Unknown { .. })));
    }
    assert_eq!(stand.count(VALIDATE), 1);
    time.advance(1);
    // The organisations are asked for the first time now.
    assert!(matches!(check.check(&token(0)).await, Err(TokenDoubt::Unknown { .. })));
    time.advance(1_000);
    check.check(&token(0)).await.unwrap();
}

#[tokio::test]
async fn tokens_of_no_worth_do_not_push_out_the_good_ones() {
    let is_good = |seen: &Seen| seen.path != VALIDATE || seen.form()["token"] == token(0);
    let stand =
        Stand::start(move |seen, _| if is_good(seen) { generous(seen) } else { json(200, r#"{"valid":false}"#) }).await;
    let check = check_of(&stand.url, &Time::new());
    check.check(&token(0)).await.unwrap();
    let asked = stand.count(ORGANIZATIONS);
    for number in 1..1_100 {
        assert!(check.check(&token(number)).await.is_err());
    }
    check.check(&token(0)).await.unwrap();
    assert_eq!(stand.count(ORGANIZATIONS), asked, "its verdict is remembered");
}

#[tokio::test]
async fn a_pause_that_ims_asks_for_is_kept_for_all_tokens_and_not_for_ever() {
    let busy = || ([(RETRY_AFTER, "3600")], json(429, "{}")).into_response();
    let stand = Stand::start(move |seen, before| if before == 0 { busy() } else { generous(seen) }).await;
    let time = Time::new();
    let check = check_of(&stand.url, &time);
    let minute = Duration::from_mins(1);
    for number in 0..3 {
        let doubt = check.check(&token(number)).await.unwrap_err();
        assert!(matches!(doubt, TokenDoubt::Unknown { retry_after, .. } if retry_after == minute), "{doubt:?}");
    }
    time.advance(59_999);
    assert!(check.check(&token(3)).await.is_err());
    assert_eq!(stand.count("/ims/"), 1);
    time.advance(1);
    // Each path of the stand-in is busy once.
    assert!(check.check(&token(4)).await.is_err());
    time.advance(60_000);
    check.check(&token(0)).await.unwrap();
    check.check(&token(4)).await.unwrap();
}
