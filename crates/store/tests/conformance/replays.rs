//! What runs again because somebody asked for it, and what waits for that.

use std::sync::Arc;

use store::{Drawer, Outcome, Parked, Replay, Replayed, State, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    ASIDE, BLOCKING, PARKED, REFUSED, append, at, claim, claim_one, delivery, expect_claim, finish, journaled, number,
    replay, replay_of, state, with_deliveries, with_keys,
};

for_every_store!(
    a_replay_runs_by_a_schedule_of_its_own,
    a_replay_waits_behind_all_in_its_lanes,
    a_later_event_waits_behind_a_replay,
    a_replay_outlives_its_process,
    what_is_open_or_gone_is_not_replayed,
    an_effect_is_repeated_only_when_asked_for,
    a_replay_that_repeats_an_effect_is_in_no_doubt,
    a_replay_leaves_its_drawer,
    a_journaled_event_is_delivered_by_a_replay,
    one_that_blocks_keeps_its_followers_waiting,
    a_replay_of_one_that_blocks_goes_on_with_its_lane,
    only_what_is_in_front_blocks,
    crossed_keys_and_replays_do_not_lock_each_other_out,
);

async fn end(store: &Arc<dyn Store>, event: Uuid, outcome: Outcome, now: i64) {
    let claimed = expect_claim(store, at(now), &[event]).await;
    assert!(finish(store, &claimed[0], outcome).await);
}

async fn a_replay_runs_by_a_schedule_of_its_own(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    for (attempt, outcome) in [(1, Outcome::RetryAt(at(0))), (2, Outcome::RetryAt(at(0))), (3, PARKED)] {
        let claimed = claim_one(&store, at(0)).await;
        assert_eq!((claimed.attempt, claimed.attempt_of_schedule, claimed.begun), (attempt, attempt, at(0)));
        assert!(finish(&store, &claimed, outcome).await);
    }
    assert_eq!(replay(&store, event, &[], at(100)).await, Replayed::Queued);
    expect_claim(&store, at(99), &[]).await;
    for (attempt, outcome) in [(4, Outcome::RetryAt(at(100))), (5, PARKED)] {
        let claimed = claim_one(&store, at(100)).await;
        assert_eq!((claimed.attempt, claimed.attempt_of_schedule, claimed.begun), (attempt, attempt - 3, at(100)));
        assert!(finish(&store, &claimed, outcome).await);
    }
    assert_eq!(replay(&store, event, &[], at(200)).await, Replayed::Queued);
    let claimed = claim_one(&store, at(200)).await;
    assert_eq!((claimed.attempt, claimed.attempt_of_schedule, claimed.begun), (6, 1, at(200)));
    assert_eq!(delivery(&store, event).await.replays, 2);
    assert_eq!(store.health().await.open, 1);
}

async fn a_replay_waits_behind_all_in_its_lanes(place: &Place) {
    let store = place.open().await;
    let parked = append(&store, with_keys(at(0), &["a"])).await;
    end(&store, parked, PARKED, 0).await;
    let first = append(&store, with_keys(at(1), &["a"])).await;
    let second = append(&store, with_keys(at(2), &["a"])).await;
    assert_eq!(replay(&store, parked, &["a"], at(3)).await, Replayed::Queued);
    assert_eq!(state(&store, parked).await, State::Waiting);
    let blockers = store.blockers(number(&store, parked).await, 1).await.unwrap();
    assert_eq!(blockers.iter().map(|found| found.id).collect::<Vec<_>>(), [first]);
    for event in [first, second, parked] {
        end(&store, event, Outcome::Done, 10).await;
    }
    expect_claim(&store, at(1_000), &[]).await;
}

async fn a_later_event_waits_behind_a_replay(place: &Place) {
    let store = place.open().await;
    let parked = append(&store, with_keys(at(0), &["a"])).await;
    end(&store, parked, PARKED, 0).await;
    replay(&store, parked, &["a"], at(1)).await;
    let later = append(&store, with_keys(at(2), &["a"])).await;
    assert_eq!(state(&store, later).await, State::Waiting);
    end(&store, parked, Outcome::RetryAt(at(5)), 2).await;
    end(&store, parked, REFUSED, 5).await;
    // Twice the same, now from behind.
    assert_eq!(replay(&store, parked, &["a", "a"], at(6)).await, Replayed::Queued);
    for event in [later, parked] {
        end(&store, event, Outcome::Done, 6).await;
    }
}

async fn a_replay_outlives_its_process(place: &Place) {
    let store = place.open().await;
    let parked = append(&store, with_keys(at(0), &["a"])).await;
    end(&store, parked, PARKED, 0).await;
    let first = append(&store, with_keys(at(1), &["a"])).await;
    replay(&store, parked, &["a"], at(2)).await;
    let store = place.reopen(store).await;
    let later = append(&store, with_keys(at(3), &["a"])).await;
    for event in [first, parked, later] {
        end(&store, event, PARKED, 10).await;
    }
    for event in [later, first] {
        replay(&store, event, &["a"], at(11)).await;
    }
    let store = place.reopen(store).await;
    for event in [later, first] {
        end(&store, event, Outcome::Done, 11).await;
    }
}

async fn what_is_open_or_gone_is_not_replayed(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &["a"])).await;
    let second = append(&store, with_keys(at(1), &["a"])).await;
    for event in [first, second] {
        assert_eq!(replay(&store, event, &["a"], at(2)).await, Replayed::Open);
    }
    let claimed = claim_one(&store, at(2)).await;
    assert_eq!(replay(&store, first, &["a"], at(2)).await, Replayed::Open);
    assert!(finish(&store, &claimed, Outcome::Done).await);
    let gone = Replay { registration: 9, ..replay_of(&store, first, &[], at(2)).await };
    assert_eq!(store.replay(gone.clone()).await.unwrap(), Replayed::Gone);
    assert_eq!(store.replay(Replay { event: 1 << 40, registration: 1, ..gone }).await.unwrap(), Replayed::Gone);
    assert_eq!(delivery(&store, second).await.replays, 0);
}

async fn an_effect_is_repeated_only_when_asked_for(place: &Place) {
    let store = place.open().await;
    let with_effect = Outcome::Parked(Parked { has_effect: true, ..ASIDE });
    let blocking = Outcome::Parked(Parked { has_effect: true, blocks: true, ..ASIDE });
    for outcome in [Outcome::Done, with_effect, blocking] {
        let event = append(&store, with_keys(at(0), &["a"])).await;
        end(&store, event, outcome, 0).await;
        assert!(delivery(&store, event).await.has_effect);
        for _ in 0..2 {
            assert_eq!(replay(&store, event, &[], at(1)).await, Replayed::HasEffect);
        }
        assert_eq!(state(&store, event).await, outcome.state());
        let asked_for = Replay { repeats_effect: true, ..replay_of(&store, event, &["a"], at(1)).await };
        assert_eq!(store.replay(asked_for).await.unwrap(), Replayed::Queued);
        // From now on it is like any other that had no effect yet.
        end(&store, event, PARKED, 1).await;
        assert_eq!(replay(&store, event, &["a"], at(2)).await, Replayed::Queued);
        end(&store, event, Outcome::Done, 2).await;
    }
    for outcome in [Outcome::Skipped, Outcome::Suppressed, REFUSED, PARKED, BLOCKING] {
        let event = append(&store, with_keys(at(0), &["b"])).await;
        end(&store, event, outcome, 0).await;
        assert_eq!(replay(&store, event, &["b"], at(1)).await, Replayed::Queued, "{outcome:?}");
        end(&store, event, Outcome::Done, 1).await;
    }
}

async fn a_replay_that_repeats_an_effect_is_in_no_doubt(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    end(&store, event, Outcome::Parked(Parked { has_effect: true, is_in_doubt: true, ..ASIDE }), 0).await;
    let asked_for = Replay { repeats_effect: true, ..replay_of(&store, event, &[], at(1)).await };
    store.replay(asked_for).await.unwrap();
    assert!(!claim_one(&store, at(1)).await.is_in_doubt);
}

async fn a_replay_leaves_its_drawer(place: &Place) {
    let store = place.open().await;
    for drawer in Drawer::ALL {
        for outcome in [Outcome::Refused(drawer), Outcome::Parked(Parked { drawer, ..ASIDE })] {
            let event = append(&store, with_keys(at(0), &[])).await;
            end(&store, event, outcome, 0).await;
            assert_eq!(delivery(&store, event).await.drawer, Some(drawer));
            replay(&store, event, &[], at(1)).await;
            assert_eq!(delivery(&store, event).await.drawer, None);
            end(&store, event, Outcome::Done, 1).await;
        }
    }
}

async fn a_journaled_event_is_delivered_by_a_replay(place: &Place) {
    let store = place.open().await;
    let event = append(&store, journaled(at(0), &[1])).await;
    assert_eq!(replay(&store, event, &["a"], at(1)).await, Replayed::Queued);
    end(&store, event, Outcome::Done, 1).await;
}

async fn one_that_blocks_keeps_its_followers_waiting(place: &Place) {
    let store = place.open().await;
    let blocking = append(&store, with_keys(at(0), &["a", "b"])).await;
    let behind_a = append(&store, with_keys(at(1), &["a"])).await;
    let behind_b = append(&store, with_keys(at(2), &["b", "c"])).await;
    let free = append(&store, with_keys(at(3), &["d"])).await;
    let claimed = expect_claim(&store, at(3), &[blocking, free]).await;
    assert!(finish(&store, &claimed[0], BLOCKING).await);
    assert!(finish(&store, &claimed[1], Outcome::Done).await);
    assert_eq!(state(&store, blocking).await, State::Blocking);
    assert_eq!(store.health().await.open, 2, "it waits for a person, the others wait for it");
    let store = place.reopen(store).await;
    let newer = append(&store, with_keys(at(4), &["a"])).await;
    expect_claim(&store, at(1_000_000), &[]).await;
    assert_eq!(store.health().await.open, 3);
    for event in [behind_a, behind_b, newer] {
        assert_eq!(state(&store, event).await, State::Waiting);
        let blockers = store.blockers(number(&store, event).await, 1).await.unwrap();
        assert_eq!(blockers.len(), 1, "{blockers:?}");
        assert_eq!((blockers[0].id, blockers[0].delivery.state), (blocking, State::Blocking));
    }
    assert!(store.blockers(number(&store, blocking).await, 1).await.unwrap().is_empty());
    assert!(store.blockers(number(&store, free).await, 1).await.unwrap().is_empty());
}

async fn a_replay_of_one_that_blocks_goes_on_with_its_lane(place: &Place) {
    let store = place.open().await;
    let blocking = append(&store, with_keys(at(0), &["a"])).await;
    let behind = append(&store, with_keys(at(1), &["a"])).await;
    for now in [1, 2] {
        end(&store, blocking, BLOCKING, now).await;
        // Its place is in front, whatever keys it would have now.
        assert_eq!(replay(&store, blocking, &["z"], at(now + 1)).await, Replayed::Queued);
        assert_eq!(state(&store, behind).await, State::Waiting);
    }
    let store = place.reopen(store).await;
    end(&store, blocking, PARKED, 3).await;
    end(&store, behind, Outcome::Done, 3).await;
    assert_eq!(store.health().await.open, 0);
}

async fn only_what_is_in_front_blocks(place: &Place) {
    let store = place.open().await;
    let a = append(&store, with_keys(at(0), &["a"])).await;
    let b = append(&store, with_deliveries(at(1), &[(1, &["b"]), (2, &["a"])])).await;
    let both = append(&store, with_keys(at(2), &["a", "b", "c"])).await;
    append(&store, with_keys(at(3), &["a"])).await;
    let mut blockers = store.blockers(number(&store, both).await, 1).await.unwrap();
    blockers.sort_by_key(|found| found.delivery.event);
    let named: Vec<(Uuid, i64)> = blockers.iter().map(|found| (found.id, found.delivery.registration)).collect();
    assert_eq!(named, [(a, 1), (b, 1)]);
    for delivery in claim(&store, at(3)).await {
        assert!(finish(&store, &delivery, Outcome::Done).await);
    }
    assert!(store.blockers(number(&store, both).await, 1).await.unwrap().is_empty());
    assert!(store.blockers(1 << 40, 1).await.unwrap().is_empty());
}

async fn crossed_keys_and_replays_do_not_lock_each_other_out(place: &Place) {
    let store = place.open().await;
    let parked_ab = append(&store, with_keys(at(0), &["a", "b"])).await;
    end(&store, parked_ab, PARKED, 0).await;
    let parked_bc = append(&store, with_keys(at(1), &["b", "c"])).await;
    end(&store, parked_bc, PARKED, 1).await;
    let mut expected = Vec::new();
    for (second, keys) in (2..).zip([["a", "b"], ["c", "a"]]) {
        expected.push(append(&store, with_keys(at(second), &keys)).await);
    }
    replay(&store, parked_bc, &["c", "b"], at(4)).await;
    expected.push(parked_bc);
    expected.push(append(&store, with_keys(at(5), &["b", "a"])).await);
    replay(&store, parked_ab, &["b", "a"], at(6)).await;
    expected.push(parked_ab);
    expected.push(append(&store, with_keys(at(7), &["c", "b"])).await);
    for event in expected {
        end(&store, event, Outcome::Done, 10).await;
    }
    assert_eq!(store.health().await.open, 0);
}
