//! What goes wrong, and how it goes on.

use std::time::Duration;

use engine::{JournalPage, JournalProblem};
use serde_json::{Value, json};
use testkit::FakeJournal;

use super::{BEGIN, NAME, Reader, SECOND, again, check_pause, cursor, entry, ids, page, raw, refused, service};
use crate::service::{CUSTOM, cloud_event};
use crate::text::{Log, SECRET};

#[tokio::test]
async fn a_cursor_that_has_expired_begins_again_at_the_oldest_event() {
    let (log, _guard) = Log::collect();
    let service = service().await;
    let journal = FakeJournal::new()
        .then(page(&["1", "2"], "b"))
        .then_problem(JournalProblem::Expired)
        .at(BEGIN, page(&["2", "3"], "c"));
    let reader = Reader::start(&service, &journal);
    check_pause(&service, &journal, SECOND).await;
    service.clock.until_somebody_sleeps().await;
    assert_eq!(journal.urls(), [BEGIN, "b", BEGIN, "c"]);
    assert_eq!(ids(&service).await, ["1", "2", "3"]);
    assert_eq!(cursor(&service).await.as_deref(), Some("c"));
    let text = log.text();
    let line = text.lines().find(|line| line.contains("removed from the journal before they were read")).unwrap();
    assert!(line.contains("ERROR"), "{line}");
    reader.stop().await;
}

#[tokio::test]
async fn a_journal_whose_begin_has_expired_is_not_asked_in_circles() {
    // What followed an expired cursor was a look at the oldest event without a pause. Where that answered the same, the
    // events API was asked as fast as it could answer.
    let service = service().await;
    let mut journal = FakeJournal::new();
    for _ in 0..4 {
        journal = journal.then_problem(JournalProblem::Expired);
    }
    let reader = Reader::start(&service, &journal);
    for seconds in [1, 2, 4, 8] {
        check_pause(&service, &journal, Duration::from_secs(seconds)).await;
    }
    reader.stop().await;
}

#[tokio::test]
async fn a_journal_that_is_gone_is_looked_up_again() {
    let service = service().await;
    let journal = FakeJournal::new()
        .then_located(Ok(Some("old".to_owned())))
        .then_located(Ok(Some("new".to_owned())))
        .at("old", page(&["1"], "old-2"))
        .at("new", page(&["1", "2"], "new-2"))
        .then(page(&["1"], "old-2"))
        .then_problem(JournalProblem::Gone);
    let reader = Reader::start(&service, &journal);
    check_pause(&service, &journal, SECOND).await;
    service.clock.until_somebody_sleeps().await;
    assert_eq!(journal.names(), [NAME, NAME]);
    assert_eq!(journal.urls(), ["old", "old-2", "new", "new-2"]);
    assert_eq!(ids(&service).await, ["1", "2"]);
    reader.stop().await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_found_is_looked_for_again_and_again() {
    let service = service().await;
    let journal = FakeJournal::new()
        .then_located(Err("no line".to_owned()))
        .then_located(Ok(None))
        .then_located(Err("no line".to_owned()));
    let reader = Reader::start(&service, &journal);
    for (looks, seconds) in [(1, 1), (2, 2), (3, 4)] {
        service.clock.until_somebody_sleeps().await;
        assert_eq!((journal.names().len(), journal.urls().len()), (looks, 0));
        service.clock.advance(Duration::from_secs(seconds));
    }
    journal.until_asked(1).await;
    assert_eq!(journal.names().len(), 4);
    reader.stop().await;
}

#[tokio::test]
async fn pauses_after_failures_double_up_to_a_minute_and_begin_anew_after_a_success() {
    let service = service().await;
    let mut journal = FakeJournal::new();
    for _ in 0..8 {
        journal = journal.then_problem(again(None));
    }
    journal = journal.then(page(&["1"], "b")).then_problem(again(None)).at("b", page(&[], "b"));
    let reader = Reader::start(&service, &journal);
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        check_pause(&service, &journal, Duration::from_secs(seconds)).await;
    }
    check_pause(&service, &journal, SECOND).await;
    assert_eq!(ids(&service).await, ["1"]);
    reader.stop().await;
}

#[tokio::test]
async fn an_events_api_that_asks_for_a_longer_pause_gets_it() {
    let service = service().await;
    let journal = FakeJournal::new()
        .then_problem(again(Some(90)))
        .then_problem(again(Some(1)))
        .then_problem(again(Some(3)))
        .then_problem(refused())
        .then_problem(refused());
    let reader = Reader::start(&service, &journal);
    for seconds in [90, 2, 4, 60, 60] {
        check_pause(&service, &journal, Duration::from_secs(seconds)).await;
    }
    reader.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_no_event_is_passed_over_and_the_others_go_on() {
    let (log, _guard) = Log::collect();
    let service = service().await;
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let mut wrong_time = cloud_event(CUSTOM, "9", &json!(SECRET));
    wrong_time["time"] = SECRET.into();
    let events = vec![
        entry("1"),
        raw("p-array", &format!(r#"["{SECRET}"]"#)),
        raw("p-empty", "{}"),
        raw("p-twice", &format!(r#"{{"id":"9","id":"{SECRET}","source":"urn:uuid:p","type":"t"}}"#)),
        raw("p-deep", &format!(r#"{{"id":"9","source":"urn:uuid:p","type":"t","data":{deep}}}"#)),
        raw("p-time", &wrong_time.to_string()),
        raw("p-conflict", &cloud_event(CUSTOM, "1", &Value::from(SECRET)).to_string()),
        entry("2"),
    ];
    let journal = FakeJournal::new().at(BEGIN, JournalPage { events, next: Some("b".to_owned()), after: None });
    let reader = Reader::start(&service, &journal);
    service.clock.until_somebody_sleeps().await;
    assert_eq!(ids(&service).await, ["1", "2"]);
    assert_eq!(cursor(&service).await.as_deref(), Some("b"));
    let text = log.text();
    for position in ["p-array", "p-empty", "p-twice", "p-deep", "p-time", "p-conflict"] {
        let line = text.lines().find(|line| line.contains(position)).unwrap_or_else(|| panic!("{position}: {text}"));
        assert!(line.contains("ERROR"), "{line}");
    }
    assert!(!text.contains(SECRET), "{text}");
    reader.stop().await;
}

#[tokio::test]
async fn a_page_that_could_not_be_stored_is_read_again_later() {
    let service = service().await;
    let journal = FakeJournal::new().at(BEGIN, page(&["1", "2"], "b"));
    service.store.fail_appends(1);
    let reader = Reader::start(&service, &journal);
    check_pause(&service, &journal, Duration::from_secs(5)).await;
    service.clock.until_somebody_sleeps().await;
    assert_eq!(journal.urls(), [BEGIN, BEGIN, "b"]);
    assert_eq!(ids(&service).await, ["1", "2"]);
    reader.stop().await;
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_or_stored_now_is_later() {
    let service = service().await;
    service.store.fail_values(1);
    let journal = FakeJournal::new().at("b", page(&["1"], "c"));
    let journal = journal.then(page(&[], "b"));
    let reader = Reader::start(&service, &journal);
    service.clock.until_somebody_sleeps().await;
    assert!(journal.names().is_empty() && journal.urls().is_empty(), "it might skip what it has read");
    service.clock.advance(SECOND);
    journal.until_asked(1).await;
    service.clock.until_somebody_sleeps().await;
    service.store.fail_values(1);
    check_pause(&service, &journal, 2 * SECOND).await;
    service.clock.until_somebody_sleeps().await;
    assert_eq!(cursor(&service).await.as_deref(), Some("b"));
    check_pause(&service, &journal, SECOND).await;
    service.clock.until_somebody_sleeps().await;
    assert_eq!(journal.urls(), [BEGIN, "b", "b", "c"]);
    assert_eq!(cursor(&service).await.as_deref(), Some("c"));
    assert_eq!(ids(&service).await, ["1"]);
    reader.stop().await;
}
