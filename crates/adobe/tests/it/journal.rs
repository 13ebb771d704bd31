use std::time::Duration;

use adobe::{JournalError, JournalPage};
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::{LINK, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use tokio::net::TcpListener;

use crate::support::{PAYLOAD, Seen, TOKEN_PATH, Time, api, api_with_tokens_of, assert_discreet, json, stand};

const JOURNAL: &str = "/events/organizations/11/integrations/44/r";

fn two_events() -> String {
    format!(
        r#"{{"events":[{{"position":"cat:1","event":{{"id":"a","data":"{PAYLOAD}"}}}},{{"position":"cat:2","event":{{"n":1.50}}}}],
            "_page":{{"last":"cat:2","count":2}}}}"#
    )
}

fn with<const N: usize>(response: Response, headers: [(HeaderName, &'static str); N]) -> Response {
    (AppendHeaders(headers), response).into_response()
}

/// One page, asked for at `query`; the answer depends on the request and how many came before.
async fn read(
    query: &str,
    answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static,
) -> (Result<JournalPage, JournalError>, String) {
    let stand = stand(answer).await;
    let page = api(&stand.url, &Time::new()).journal_page(&format!("{}{JOURNAL}{query}", stand.url)).await;
    assert_discreet(&page);
    (page, stand.url)
}

#[tokio::test]
async fn a_page_has_its_events_as_they_were_written_and_the_next_address() {
    let stand = stand(|_, _| {
        with(
            json(200, &two_events()),
            [(LINK, r#"</events/x>; rel="events""#), (LINK, "</events-fast/j?since=cat:2>; rel=next")],
        )
    });
    let stand = stand.await;
    let page = api(&stand.url, &Time::new()).journal_page(&format!("{}{JOURNAL}?limit=2", stand.url)).await.unwrap();
    assert_discreet(&page);
    let JournalPage::Events { events, next } = page else { panic!("events") };
    let positions: Vec<_> = events.iter().map(|entry| &*entry.position).collect();
    assert_eq!(positions, ["cat:1", "cat:2"]);
    assert_eq!(events[1].event.get(), r#"{"n":1.50}"#);
    assert_eq!(next, format!("{}/events-fast/j?since=cat:2", stand.url));
    let seen = &stand.seen(JOURNAL)[0];
    assert_eq!((seen.method.as_str(), &*seen.path), ("GET", "/events/organizations/11/integrations/44/r?limit=2"));
    assert_eq!(seen.header("accept"), Some("application/vnd.adobecloud.events+json"));
    assert_eq!((seen.header("x-api-key"), seen.header("x-ims-org-id")), (Some("client"), Some("24HEX@AdobeOrg")));
    assert!(seen.header("authorization").is_some());
}

#[tokio::test]
async fn a_page_without_a_link_goes_on_after_its_last_position() {
    let (page, url) = read("?seek=-PT2H&limit=2", |_, _| json(200, &two_events())).await;
    let Ok(JournalPage::Events { next, .. }) = page else { panic!("{page:?}") };
    assert_eq!(next, format!("{url}{JOURNAL}?limit=2&since=cat%3A2"));
    let (page, url) = read("", |_, _| json(200, r#"{"events":[{"position":"p","event":null}]}"#)).await;
    let Ok(JournalPage::Events { next, .. }) = page else { panic!("{page:?}") };
    assert_eq!(next, format!("{url}{JOURNAL}?since=p"));
}

#[tokio::test]
async fn an_empty_page_says_when_to_come_again() {
    let link = r#"</events/j?since=cat:2>; rel="next", </validate>; rel="validate""#;
    let empty = move |_: &Seen, _| with(StatusCode::NO_CONTENT.into_response(), [(RETRY_AFTER, "10"), (LINK, link)]);
    let (page, url) = read("?since=cat:2", empty).await;
    let Ok(JournalPage::Empty { retry_after, next }) = page else { panic!("{page:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(10)));
    assert_eq!(next, Some(format!("{url}/events/j?since=cat:2")));
    let (page, _) = read("", |_, _| StatusCode::NO_CONTENT.into_response()).await;
    assert!(matches!(page, Ok(JournalPage::Empty { retry_after: None, next: None })), "{page:?}");
    let (page, _) = read("", |_, _| json(200, r#"{"events":[]}"#)).await;
    assert!(matches!(page, Ok(JournalPage::Empty { .. })), "{page:?}");
}

#[tokio::test]
async fn lost_positions_and_journals_are_told_apart() {
    let (page, _) =
        read("?since=old", |_, _| (StatusCode::GONE, "Events at position old have expired.").into_response()).await;
    assert_eq!(page.unwrap_err(), JournalError::Expired);
    let (page, _) = read("", |_, _| json(404, "{}")).await;
    assert_eq!(page.unwrap_err(), JournalError::Gone);
}

#[tokio::test]
async fn an_old_token_is_renewed_once() {
    let stand = stand(|_, before| if before == 0 { json(401, "{}") } else { json(200, &two_events()) }).await;
    let url = format!("{}{JOURNAL}", stand.url);
    api(&stand.url, &Time::new()).journal_page(&url).await.unwrap();
    assert_eq!((stand.count(TOKEN_PATH), stand.count(JOURNAL)), (2, 2));
    let (page, _) = read("", |_, _| json(401, r#"{"message":"no"}"#)).await;
    let reason = "the journal does not accept our token (401): no".to_owned();
    assert_eq!(page.unwrap_err(), JournalError::Refused { status: Some(401), reason });
}

async fn check_again(answer: impl Fn() -> Response + Send + Sync + 'static, after: Option<u64>, reason: &str) {
    let (page, _) = read("", move |_, _| answer()).await;
    let expected = JournalError::Again { after: after.map(Duration::from_secs), reason: reason.to_owned() };
    assert_eq!(page.unwrap_err(), expected);
}

#[tokio::test]
async fn what_may_go_well_later_is_asked_again() {
    let throttled = "the journal is throttling (429)";
    check_again(|| with(json(429, ""), [(RETRY_AFTER, "3")]), Some(3), throttled).await;
    let date = "Sun, 22 Nov 2026 10:01:30 GMT";
    check_again(move || with(json(429, ""), [(RETRY_AFTER, date)]), Some(90), throttled).await;
    check_again(|| json(503, r#"{"message":"later"}"#), None, "the journal has a fault of its own (503): later").await;
    let reason = "the journal answered 200 with something that is no page of events";
    check_again(|| "<html>".into_response(), None, reason).await;
}

#[tokio::test]
async fn nobody_there_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/j", listener.local_addr().unwrap());
    drop(listener);
    let tokens = stand(|_, _| unreachable!("only tokens are asked for here")).await;
    let error = api_with_tokens_of(&tokens.url, &url, &Time::new()).journal_page(&url).await.unwrap_err();
    assert!(error.to_string().starts_with("the journal cannot be reached: "), "{error}");
    assert!(matches!(error, JournalError::Again { after: None, .. }));
}

async fn check_refused(answer: impl Fn() -> Response + Send + Sync + 'static, reason: &str) {
    let (page, _) = read("", move |_, _| answer()).await;
    let error = page.unwrap_err();
    assert!(matches!(error, JournalError::Refused { .. }), "{error:?}");
    assert_eq!(error.to_string(), reason);
}

#[tokio::test]
async fn what_somebody_has_to_change_first_is_refused() {
    check_refused(|| json(400, r#"{"message":"bad seek"}"#), "the journal refused to be read (400): bad seek").await;
    check_refused(|| json(403, ""), "the journal does not accept our credentials (403)").await;
    let redirect = "the journal answered with a redirect, which is not followed (302)";
    check_refused(|| StatusCode::FOUND.into_response(), redirect).await;
    let large = "a page of the journal has more than 4194304 bytes; ask with a `limit`";
    check_refused(|| " ".repeat(4 * 1024 * 1024 + 1).into_response(), large).await;
    let api = api("http://127.0.0.1:1", &Time::new());
    let error = api.journal_page("file:///etc/passwd").await.unwrap_err();
    assert_eq!(error.to_string(), "the address of the journal is no http or https address");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_refused() {
    let reason = "the journal's next page is at another host, which must not get our token";
    let link = "<http://elsewhere.example/j>; rel=next";
    check_refused(move || with(json(200, &two_events()), [(LINK, link)]), reason).await;
    check_refused(move || with(StatusCode::NO_CONTENT.into_response(), [(LINK, link)]), reason).await;
    let broken = "<http://[>; rel=next";
    let reason = "the address of the journal's next page is none";
    check_refused(move || with(json(200, &two_events()), [(LINK, broken)]), reason).await;
}
