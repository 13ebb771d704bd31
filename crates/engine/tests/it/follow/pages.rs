//! What is read, in which order, and from where.

use std::time::Duration;

use engine::JournalPage;
use store::{State, Store};
use testkit::{FakeJournal, ManualClock};

use super::{BEGIN, NAME, Reader, SECOND, check_pause, cursor, ends, entry, ids, page, service, setup};
use crate::service::Service;

#[tokio::test]
async fn a_journal_is_read_from_its_oldest_event_page_by_page_without_a_pause() {
    let service = service().await;
    let journal = FakeJournal::new().at(BEGIN, page(&["1", "2"], "b")).at("b", page(&["3"], "c"));
    let reader = Reader::start(&service, &journal);
    service.clock.until_somebody_sleeps().await;
    assert_eq!(journal.names(), [NAME]);
    assert_eq!(journal.urls(), [BEGIN, "b", "c"]);
    assert_eq!(ids(&service).await, ["1", "2", "3"]);
    assert_eq!(cursor(&service).await.as_deref(), Some("c"));
    reader.stop().await;
}

#[tokio::test]
async fn at_the_end_it_waits_as_long_as_it_is_asked_to_or_told_to() {
    let seconds = Duration::from_secs;
    for (after, interval, pause) in [
        (None, None, seconds(2)),
        (Some(seconds(10)), None, seconds(10)),
        (Some(seconds(10)), Some(seconds(30)), seconds(30)),
        (Some(seconds(10)), Some(seconds(5)), seconds(5)),
        (None, Some(seconds(5)), seconds(5)),
    ] {
        let service = service().await;
        let journal = FakeJournal::new().at(BEGIN, JournalPage { after, ..page(&[], BEGIN) });
        let reader = Reader::every(&service, &journal, interval);
        for _ in 0..2 {
            check_pause(&service, &journal, pause).await;
        }
        assert_eq!(cursor(&service).await, None, "it has not moved");
        reader.stop().await;
    }
}

#[tokio::test]
async fn an_empty_page_may_move_the_cursor() {
    let service = service().await;
    let after = Some(Duration::from_secs(10));
    let journal = FakeJournal::new()
        .at(BEGIN, JournalPage { after, ..page(&[], "b") })
        .at("b", JournalPage { next: None, after, ..page(&[], "") });
    let reader = Reader::start(&service, &journal);
    check_pause(&service, &journal, Duration::from_secs(10)).await;
    check_pause(&service, &journal, Duration::from_secs(10)).await;
    assert_eq!(journal.urls(), [BEGIN, "b", "b"]);
    assert_eq!(cursor(&service).await.as_deref(), Some("b"));
    reader.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_process_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let journal = FakeJournal::new().at(BEGIN, page(&["1", "2"], "b")).at("b", page(&["3"], "c"));
    let first = Service::open(folder.path(), &clock, setup(true)).await;
    let reader = Reader::start(&first, &journal);
    journal.until_asked(3).await;
    reader.stop().await;
    first.settle().await;
    assert_eq!(first.seen.all().len(), 3);
    first.stop();
    first.store.close().await;
    drop(first);

    let journal = journal.at("c", page(&["4"], "d"));
    let second = Service::open(folder.path(), &clock, setup(true)).await;
    let reader = Reader::start(&second, &journal);
    journal.until_asked(5).await;
    second.settle().await;
    assert_eq!(journal.urls(), [BEGIN, "b", "c", "c", "d"], "nothing is skipped, nothing is read again");
    assert_eq!(journal.names().len(), 1, "where the journal is was known");
    let seen: Vec<String> = second.seen.all().into_iter().map(|event| event.id).collect();
    assert_eq!(seen, ["4"]);
    reader.stop().await;
}

#[tokio::test]
async fn what_is_read_again_is_not_run_again() {
    // The process ends between the events of a page and its cursor.
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let journal = FakeJournal::new().at(BEGIN, page(&["1", "2"], "b"));
    let first = Service::open(folder.path(), &clock, setup(true)).await;
    for id in ["1", "2"] {
        let event = engine::CloudEvent::parse(entry(id).event.get()).unwrap();
        first.arrivals.receive(first.number(NAME), event).await.unwrap();
    }
    first.settle().await;
    assert_eq!(first.seen.all().len(), 2);
    first.stop();
    first.store.close().await;
    drop(first);

    let second = Service::open(folder.path(), &clock, setup(true)).await;
    let reader = Reader::start(&second, &journal);
    journal.until_asked(2).await;
    second.settle().await;
    assert!(second.seen.all().is_empty());
    assert_eq!(second.states(second.number(NAME)).await, [State::Done, State::Done]);
    assert_eq!(cursor(&second).await.as_deref(), Some("b"));
    reader.stop().await;
}

#[tokio::test]
async fn pages_that_come_twice_or_overlap_are_stored_once() {
    let service = service().await;
    let journal =
        FakeJournal::new().then(page(&["1", "2"], "b")).then(page(&["1", "2"], "c")).then(page(&["2", "3", "2"], "d"));
    let reader = Reader::start(&service, &journal);
    service.clock.until_somebody_sleeps().await;
    assert_eq!(ids(&service).await, ["1", "2", "3"]);
    assert_eq!(journal.urls(), [BEGIN, "b", "c", "d"]);
    reader.stop().await;
}

#[tokio::test]
async fn a_page_that_leads_nowhere_is_not_read_in_circles() {
    for next in [Some(BEGIN.to_owned()), None] {
        let service = service().await;
        let journal = FakeJournal::new().at(BEGIN, JournalPage { next, ..page(&["1"], "") });
        let reader = Reader::start(&service, &journal);
        for _ in 0..3 {
            check_pause(&service, &journal, 2 * SECOND).await;
        }
        assert_eq!(ids(&service).await, ["1"]);
        reader.stop().await;
    }
}

#[tokio::test]
async fn a_stop_ends_it_at_once() {
    let service = service().await;
    // While it waits.
    let reader = Reader::start(&service, &FakeJournal::new());
    service.clock.until_somebody_sleeps().await;
    reader.stop().await;
    // While a page hangs.
    let journal = FakeJournal::new().then_hang();
    let reader = Reader::start(&service, &journal);
    journal.until_asked(1).await;
    reader.stop().await;
    // When whoever could stop it is gone.
    let journal = FakeJournal::new().then_hang();
    let Reader { stop, task } = Reader::start(&service, &journal);
    journal.until_asked(1).await;
    drop(stop);
    ends(task).await;
    // Before it has begun.
    let journal = FakeJournal::new();
    Reader::start(&service, &journal).stop().await;
    assert!(journal.names().is_empty());
}
