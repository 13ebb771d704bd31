//! Work that a running kit is asked for.

use store::{Job, JobState};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{at, retention};

for_every_store!(a_job_is_added_and_goes_on, jobs_outlive_their_process, an_old_job_goes_when_it_has_ended);

fn job(number: u128, state: JobState) -> Job {
    let created = at(i64::try_from(number).expect("tests have few jobs"));
    let document = r#"{"kind":"replay"}"#.to_owned();
    Job { id: Uuid::from_u128(number), created, state, document, progress: String::new() }
}

async fn a_job_is_added_and_goes_on(place: &Place) {
    let store = place.open().await;
    assert!(store.jobs().await.unwrap().is_empty());
    // The oldest first, whatever their ids and times.
    let (one, other) = (job(9, JobState::Waiting), job(3, JobState::Waiting));
    store.put_job(one.clone()).await.unwrap();
    store.put_job(other.clone()).await.unwrap();
    for state in [JobState::Running, JobState::Done, JobState::Failed, JobState::Waiting] {
        let going_on = Job { state, progress: format!("{{\"at\":\"{state:?}\"}}"), ..one.clone() };
        store.put_job(going_on.clone()).await.unwrap();
        assert_eq!(store.jobs().await.unwrap(), [going_on, other.clone()]);
    }
}

async fn jobs_outlive_their_process(place: &Place) {
    let store = place.open().await;
    let running = Job { progress: r#"{"after":7}"#.to_owned(), ..job(1, JobState::Running) };
    store.put_job(running.clone()).await.unwrap();
    let store = place.reopen(store).await;
    assert_eq!(store.jobs().await.unwrap(), [running]);
}

async fn an_old_job_goes_when_it_has_ended(place: &Place) {
    let store = place.open().await;
    let states = [JobState::Waiting, JobState::Running, JobState::Done, JobState::Failed, JobState::Done];
    let jobs: Vec<Job> = (1..).zip(states).map(|(number, state)| job(number, state)).collect();
    for job in &jobs {
        store.put_job(job.clone()).await.unwrap();
    }
    let purged = store.purge(retention(at(0), at(5), at(0))).await.unwrap();
    assert_eq!((purged.rows, purged.is_finished), (2, true));
    assert_eq!(store.jobs().await.unwrap(), [jobs[0].clone(), jobs[1].clone(), jobs[4].clone()]);
}
