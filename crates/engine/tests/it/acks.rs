//! What the sender of an event waits for when its event goes to an events API.

use std::time::Duration;

use engine::{Ack, Clock, PUBLISH};
use futures_util::FutureExt;
use jiff::Timestamp;
use sdk::{Fate, Progress, Published, Refusal};
use store::{Retention, State, Store};
use testkit::{FakeCarrier, ManualClock};

use crate::service::{CHANGED, Service, Setup, registration, sent};
use crate::world::take_leases;

const WITHIN: Duration = Duration::from_secs(10);
const AGAIN: Fate = Fate::Retry { after: None };
/// Beyond the schedule's end.
const TOO_LATE: Fate = Fate::Retry { after: Some(Duration::from_hours(25)) };

fn setup(carrier: &FakeCarrier, ack: Ack) -> Setup {
    Setup { publish: Some(carrier.clone()), ack: Some(ack), ..Setup::default() }
}

async fn service(carrier: &FakeCarrier) -> Service {
    Service::with(setup(carrier, Ack::Published { within: WITHIN })).await
}

/// What the answer comes to, in short.
fn short(answer: Result<Published, Refusal>) -> String {
    match answer {
        Ok(published) => format!("{:?}{}", published.progress, if published.is_repeated { " before" } else { "" }),
        Err(Refusal::Unpublishable(reason)) => format!("no: {reason}"),
        Err(refusal) => format!("{refusal:?}"),
    }
}

/// Moves the clock by this when nothing more can happen before.
async fn pass(service: &Service, duration: Duration) {
    service.settle().await;
    service.clock.advance(duration);
}

#[tokio::test]
async fn who_wants_its_event_stored_does_not_wait() {
    let carrier = FakeCarrier::new().then_hold();
    let service = Service::with(setup(&carrier, Ack::Stored)).await;
    for expected in ["Published", "Published before"] {
        assert_eq!(short(service.offer(Some("u"), "A").await), expected);
        assert_eq!(service.acks.waiting(), 0);
    }
    carrier.open_gate();
    service.settle().await;
    assert_eq!(service.states(PUBLISH).await, [State::Done]);
}

#[tokio::test]
async fn who_wants_its_event_published_hears_how_that_ended() {
    let endings = [
        (Fate::Done, 200, "Published"),
        (Fate::Refused, 204, "UnknownEvent"),
        (Fate::Refused, 400, "no: the reason"),
        (Fate::Parked, 403, "no: the reason"),
        (Fate::Parked, 204, "UnknownEvent"),
        (TOO_LATE, 503, "no: the reason"),
    ];
    for (fate, status, expected) in endings {
        let service = service(&FakeCarrier::new().then(fate.clone(), status, "the reason")).await;
        assert_eq!(short(service.offer(None, "A").await), expected, "{fate:?} {status}");
        assert_eq!(service.acks.waiting(), 0);
    }
}

#[tokio::test]
async fn who_has_waited_long_enough_is_told_that_the_event_is_accepted() {
    let carrier = FakeCarrier::new().then_hold();
    let service = service(&carrier).await;
    let (answer, ()) = tokio::join!(service.offer(None, "A"), async {
        carrier.until_begun(1).await;
        service.catch_up().await;
        assert_eq!(service.acks.waiting(), 1);
        service.clock.advance(WITHIN);
    });
    assert_eq!(short(answer), "Accepted");
    assert_eq!(service.acks.waiting(), 0);
    carrier.open_gate();
    service.settle().await;
    assert_eq!(service.states(PUBLISH).await, [State::Done], "it is published all the same");
}

#[tokio::test]
async fn an_event_that_is_tried_again_is_waited_for_as_long_as_any_other() {
    let carrier = FakeCarrier::new().then(AGAIN, 503, "busy");
    let service = service(&carrier).await;
    let (answer, ()) = tokio::join!(service.offer(None, "A"), pass(&service, WITHIN));
    assert_eq!(short(answer), "Accepted");

    let carrier = FakeCarrier::new().then(AGAIN, 503, "busy").then(AGAIN, 503, "busy");
    let patient = Ack::Published { within: Duration::from_mins(10) };
    let service = Service::with(setup(&carrier, patient)).await;
    let (answer, ()) = tokio::join!(service.offer(None, "A"), async {
        pass(&service, Duration::from_mins(1)).await;
        pass(&service, Duration::from_mins(2)).await;
    });
    assert_eq!(short(answer), "Published", "the third attempt came in time");
    assert_eq!(carrier.carryings().len(), 3);
    assert_eq!(service.acks.waiting(), 0);
}

#[tokio::test]
async fn a_repeated_uid_hears_what_became_of_the_first() {
    let endings = [
        (Fate::Done, 200, "Published", "Published before"),
        (Fate::Refused, 204, "UnknownEvent", "UnknownEvent"),
        (Fate::Refused, 422, "no: the reason", "no: the reason"),
        (Fate::Parked, 401, "no: the reason", "no: the reason"),
        (TOO_LATE, 503, "no: the reason", "no: the reason"),
    ];
    for (fate, status, first, again) in endings {
        let carrier = FakeCarrier::new().then(fate.clone(), status, "the reason");
        let service = service(&carrier).await;
        assert_eq!(short(service.offer(Some("u"), "A").await), first);
        assert_eq!(short(service.offer(Some("u"), "A").await), again, "{fate:?} {status}");
        assert_eq!(carrier.carryings().len(), 1, "it is not published again");
        assert_eq!(service.acks.waiting(), 0);
    }
}

#[tokio::test]
async fn a_repeat_is_told_the_reason_of_the_last_attempt() {
    let carrier = FakeCarrier::new().then(AGAIN, 503, "busy").then(Fate::Refused, 400, "wrong");
    let service = service(&carrier).await;
    let (answer, ()) = tokio::join!(service.offer(Some("u"), "A"), pass(&service, WITHIN));
    assert_eq!(short(answer), "Accepted");
    service.advance(Duration::from_mins(1)).await;
    assert_eq!(service.states(PUBLISH).await, [State::Refused]);
    assert_eq!(short(service.offer(Some("u"), "A").await), "no: wrong");
}

#[tokio::test]
async fn a_repeat_is_told_of_a_refusal_whose_record_is_gone() {
    let service = service(&FakeCarrier::new().then(Fate::Refused, 400, "wrong")).await;
    assert_eq!(short(service.offer(Some("u"), "A").await), "no: wrong");
    let now = service.clock.now();
    let retention = Retention { now, events: Timestamp::MIN, activations: Timestamp::MAX, bytes: u64::MAX };
    let purged = service.store.purge(retention).await.unwrap();
    assert_eq!(purged.rows, 1);
    let answer = short(service.offer(Some("u"), "A").await);
    assert_eq!(answer, "no: the events API did not take this event before");
}

#[tokio::test]
async fn a_repeat_of_an_event_on_its_way_waits_for_the_same_end() {
    for (fate, first, again) in
        [(Fate::Done, "Published", "Published before"), (Fate::Refused, "no: wrong", "no: wrong")]
    {
        let carrier = FakeCarrier::new().then(AGAIN, 503, "busy").then(fate, 400, "wrong");
        let patient = Ack::Published { within: Duration::from_mins(10) };
        let service = Service::with(setup(&carrier, patient)).await;
        let first_answer = async { short(service.offer(Some("u"), "A").await) };
        let later = async {
            service.settle().await;
            let (one, two, ()) = tokio::join!(
                service.offer(Some("u"), "A"),
                service.offer(Some("u"), "A"),
                pass(&service, Duration::from_mins(1))
            );
            [short(one), short(two)]
        };
        let (first_answer, repeats) = tokio::join!(first_answer, later);
        assert_eq!(first_answer, first);
        assert_eq!(repeats, [again, again]);
        assert_eq!(carrier.carryings().len(), 2);
        assert_eq!(service.acks.waiting(), 0);
    }
}

#[tokio::test]
async fn a_repeat_of_an_event_on_its_way_waits_no_longer_than_any_other() {
    let service = service(&FakeCarrier::new().then(AGAIN, 503, "busy")).await;
    for expected in ["Accepted", "Accepted before"] {
        let (answer, ()) = tokio::join!(service.offer(Some("u"), "A"), async {
            service.settle().await;
            // A repeat looks at its event first.
            service.clock.until_somebody_waits(WITHIN).await;
            service.clock.advance(WITHIN);
        });
        assert_eq!(short(answer), expected);
    }
    assert_eq!(service.acks.waiting(), 0);
}

#[tokio::test]
async fn a_sender_that_goes_away_leaves_nothing_behind_and_takes_nothing_from_others() {
    let carrier = FakeCarrier::new().then_hold();
    let service = service(&carrier).await;
    let gone = async {
        tokio::select! {
            _ = service.offer(Some("u"), "A") => panic!("the carrier holds it"),
            () = carrier.until_begun(1) => {}
        }
    };
    gone.await;
    assert_eq!(service.acks.waiting(), 0);
    let (answer, ()) = tokio::join!(service.offer(Some("u"), "A"), async {
        service.catch_up().await;
        assert_eq!(service.acks.waiting(), 1);
        // Another one that waits for the same event, and gives up.
        tokio::select! {
            _ = service.offer(Some("u"), "A") => panic!("the carrier holds it"),
            () = service.catch_up() => {}
        }
        assert_eq!(service.acks.waiting(), 1);
        carrier.open_gate();
    });
    assert_eq!(short(answer), "Published before");
    assert_eq!(service.acks.waiting(), 0);
}

#[tokio::test]
async fn an_event_that_is_not_stored_is_waited_for_by_nobody() {
    let carrier = FakeCarrier::new();
    let service = service(&carrier).await;
    service.store.fail_appends(1);
    assert!(matches!(service.offer(Some("u"), "A").await, Err(Refusal::Unavailable { .. })));
    assert_eq!(service.acks.waiting(), 0);
    assert_eq!(short(service.offer(Some("u"), "A").await), "Published");
    assert!(matches!(service.offer(Some("u"), "B").await, Err(Refusal::UidTaken(_))));
    assert_eq!(service.acks.waiting(), 0);
    assert_eq!(carrier.carryings().len(), 1);
}

#[tokio::test]
async fn an_answer_that_came_after_its_lease_had_ended_decides_nothing() {
    // The outcome of an attempt that no longer counted was told to whoever waited. Only what is written may be told.
    let carrier = FakeCarrier::new().then_hold().then_hang();
    let patient = Ack::Published { within: Duration::from_secs(95) };
    let service = Service::with(setup(&carrier, patient)).await;
    let (answer, ()) = tokio::join!(service.offer(None, "A"), async {
        carrier.until_begun(1).await;
        service.catch_up().await;
        let somebody = take_leases(&*service.store, service.clock.now()).await;
        service.store.release(somebody, Vec::new(), service.clock.now()).await.unwrap();
        carrier.until_begun(2).await;
        carrier.open_gate();
        for _ in 0..3 {
            service.catch_up().await;
        }
        assert_eq!(service.acks.waiting(), 1, "the last attempt counts");
        service.clock.advance(Duration::from_secs(95));
    });
    assert_eq!(short(answer), "Accepted");
    assert_eq!(service.states(PUBLISH).await, [State::Leased]);
}

#[tokio::test]
async fn an_event_that_was_delivered_here_before_is_not_waited_for() {
    // A kit that delivered by itself took the event, and publishes to an events API now. A repeat found no publication
    // whose end it could wait for, and was told "accepted" after the whole time. The event is where it had to go.
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    // Nobody carries to its webhook, so that its own delivery is still open.
    let registrations = vec![sent(registration("Hook", &[CHANGED]), "webhook")];
    let service = Service::open(folder.path(), &clock, Setup { registrations, ..Setup::default() }).await;
    let first = service.offer(Some("u"), "A").await.unwrap();
    assert_eq!(first.progress, Progress::Published);
    service.settle().await;
    service.stop();
    service.store.close().await;
    drop(service);

    let carrier = FakeCarrier::new();
    let setup = setup(&carrier, Ack::Published { within: WITHIN });
    let service = Service::open(folder.path(), &clock, setup).await;
    let again = service.offer(Some("u"), "A").await.unwrap();
    assert_eq!((again.progress, again.is_repeated), (Progress::Published, true));
    assert_eq!(again.activation, first.activation);
    assert!(carrier.carryings().is_empty());
    assert!(service.acks.waiting() == 0 && service.deliveries.finished().now_or_never().is_some());
}
