use std::sync::Arc;

use adobe::{EventsApi, EventsApiError, EventsSettings};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::join_all;

use crate::support::{TOKEN_PATH, Time, api, assert_discreet, events_settings, ims, json, pool, stand};

const PROVIDERS: &str = "/events/11/providers";
const REGISTRATIONS: &str = "/events/11/22/33/registrations";
const LIST: &str = r#"{"_links":{"self":{"href":"x"}},"_embedded":{"providers":[
    {"id":"p1","label":"Commerce Provider - a","_links":{}},
    {"id":"p0","label":"Backoffice Provider - a"},
    {"id":"p2","label":"Backoffice Provider - a"},
    {"id":"p3"}]}}"#;
const LABEL: &str = "Backoffice Provider - a";

#[tokio::test]
async fn a_provider_is_asked_for_once_by_all() {
    let stand = stand(|_, _| json(200, LIST)).await;
    let (time, label) = (Time::new(), LABEL.to_owned());
    let api = api(&stand.url, &time);
    let ids = join_all((0..100).map(|_| api.provider_id(&label))).await;
    assert!(ids.iter().all(|id| &**id.as_ref().unwrap() == "p2"));
    time.advance(1_000 * 3_600 * 24 * 365);
    assert_eq!(&*api.provider_id(LABEL).await.unwrap(), "p2");
    let [seen] = &stand.seen(PROVIDERS)[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.header("accept")), ("GET", Some("application/hal+json")));
    assert_eq!((seen.header("x-api-key"), seen.header("x-ims-org-id")), (Some("client"), Some("24HEX@AdobeOrg")));
    assert!(seen.header("authorization").is_some());
}

async fn check(answer: impl Fn() -> Response + Send + Sync + 'static, text: &str) -> EventsApiError {
    let stand = stand(move |_, _| answer()).await;
    let error = api(&stand.url, &Time::new()).provider_id(LABEL).await.unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_discreet(&error);
    error
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told_in_the_words_of_adobes_kit() {
    let text = "Could not find any external backoffice provider";
    check(|| json(200, r#"{"_embedded":{"providers":[{"id":"p1","label":"other"}]}}"#), text).await;
    check(|| json(200, "{}"), text).await;
}

#[tokio::test]
async fn the_status_is_not_overlooked() {
    let asked = "when asked for the list of providers";
    let hint = "; check `OAUTH_CLIENT_ID`, `OAUTH_ORG_ID` and `OAUTH_SCOPES`";
    check(|| json(401, r#"{"message":"no"}"#), &format!("I/O Events answered 401 {asked}: no{hint}")).await;
    check(|| json(403, ""), &format!("I/O Events answered 403 {asked}{hint}")).await;
    let hint = "; check `IO_CONSUMER_ID`, `IO_PROJECT_ID` and `IO_WORKSPACE_ID`";
    check(|| json(404, ""), &format!("I/O Events answered 404 {asked}{hint}")).await;
    check(|| json(500, LIST), &format!("I/O Events answered 500 {asked}")).await;
    check(|| Redirect::to("/x").into_response(), &format!("I/O Events answered 303 {asked}")).await;
    let text = "I/O Events answered with something that is not the list of providers; check `IO_MANAGEMENT_BASE_URL`";
    check(|| "<html>".into_response(), text).await;
}

#[tokio::test]
async fn a_list_without_end_is_not_read() {
    let text = "the list of providers has more than 4194304 bytes";
    check(|| " ".repeat(4 * 1024 * 1024 + 1).into_response(), text).await;
}

#[tokio::test]
async fn an_old_token_is_renewed_on_the_way() {
    let stand = stand(|_, before| if before == 0 { json(401, "{}") } else { json(200, LIST) }).await;
    assert_eq!(&*api(&stand.url, &Time::new()).provider_id(LABEL).await.unwrap(), "p2");
    assert_eq!((stand.count(TOKEN_PATH), stand.count(PROVIDERS)), (2, 2));
}

#[tokio::test]
async fn a_failure_is_remembered_for_its_pause_only() {
    let stand = stand(|_, before| if before == 0 { json(500, "{}") } else { json(200, LIST) }).await;
    let time = Time::new();
    let api = api(&stand.url, &time);
    assert!(join_all((0..100).map(|_| api.provider_id(LABEL))).await.iter().all(Result::is_err));
    time.advance(499);
    api.provider_id(LABEL).await.unwrap_err();
    assert_eq!(stand.count(PROVIDERS), 1);
    time.advance(1);
    assert_eq!(&*api.provider_id(LABEL).await.unwrap(), "p2");
}

fn registration(name: &str) -> String {
    let href = format!("https://events-va6.adobe.io/events/organizations/11/integrations/44/{name}");
    format!(r#"{{"name":"{name}","registration_id":"r","_links":{{"rel:events":{{"href":"{href}"}},"self":null}}}}"#)
}

fn page(names: &[&str], next: Option<&str>) -> Response {
    let items = names.iter().map(|name| registration(name)).collect::<Vec<_>>().join(",");
    let next = next.map(|next| format!(r#","next":{{"href":"{next}"}}"#)).unwrap_or_default();
    let links = format!(r#"{{"self":{{"href":"x"}}{next}}}"#);
    json(200, &format!(r#"{{"_links":{links},"_embedded":{{"registrations":[{items}]}}}}"#))
}

#[tokio::test]
async fn the_journal_of_a_registration_is_found_on_a_later_page() {
    let stand = stand(|seen, _| match &*seen.path {
        REGISTRATIONS => {
            let host = seen.header("host").unwrap();
            page(&["one", "two"], Some(&format!("http://{host}{REGISTRATIONS}?page=1")))
        }
        _ if seen.path.ends_with("page=1") => page(&["three"], Some("?page=2")),
        _ => page(&["four"], None),
    });
    let stand = stand.await;
    let api = api(&stand.url, &Time::new());
    let url = "https://events-va6.adobe.io/events/organizations/11/integrations/44/four";
    assert_eq!(api.journal_url("four").await.unwrap().as_deref(), Some(url));
    assert_eq!(stand.count(REGISTRATIONS), 3);
    assert_eq!(api.journal_url("none").await.unwrap(), None);
    let seen = &stand.seen(REGISTRATIONS)[0];
    assert_eq!((seen.method.as_str(), seen.header("accept")), ("GET", Some("application/hal+json")));
}

#[tokio::test]
async fn a_registration_without_a_journal_has_none() {
    let stand = stand(|_, _| json(200, r#"{"_embedded":{"registrations":[{"name":"one"}]}}"#)).await;
    assert_eq!(api(&stand.url, &Time::new()).journal_url("one").await.unwrap(), None);
}

#[tokio::test]
async fn pages_without_end_are_not_followed() {
    let stand = stand(|_, _| page(&["one"], Some("?page=1"))).await;
    let error = api(&stand.url, &Time::new()).journal_url("two").await.unwrap_err();
    assert_eq!(error.to_string(), "the list of registrations has more than 100 pages");
    assert_eq!(stand.count(REGISTRATIONS), 100);
}

#[tokio::test]
async fn a_page_elsewhere_is_not_asked_for() {
    let other = Arc::new(stand(|_, _| page(&["two"], None)).await);
    let url = other.url.clone();
    let stand = stand(move |_, _| page(&["one"], Some(&url))).await;
    let error = api(&stand.url, &Time::new()).journal_url("two").await.unwrap_err();
    assert!(matches!(error, EventsApiError::Foreign { .. }), "{error}");
    assert_eq!(other.count("/"), 0);
}

#[test]
fn settings_that_cannot_work_name_their_key() {
    let check = |change: fn(&mut EventsSettings), text: &str| {
        let mut settings = events_settings("http://127.0.0.1:1");
        change(&mut settings);
        let ims = ims("http://127.0.0.1:1", &Time::new());
        assert_eq!(EventsApi::new(&settings, pool(), ims).unwrap_err().to_string(), text);
    };
    let begin = "must begin with `https://` or `http://`";
    let ingress = format!("the event ingress's address (`KIT_EVENTS_INGRESS_URL`) {begin}");
    check(|settings| settings.ingress_url.clear(), &ingress);
    let management = format!("the management API's address (`IO_MANAGEMENT_BASE_URL`) {begin}");
    check(|settings| settings.management_url = "api.adobe.io".to_owned(), &management);
    let header = "has characters that no header can carry";
    check(|settings| settings.client_id.push('\n'), &format!("`OAUTH_CLIENT_ID` {header}"));
    check(|settings| settings.org_id.push('\u{0}'), &format!("`OAUTH_ORG_ID` {header}"));
}
