use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{DeliveryFilter, Job, Listed, Order, Replayed};

use super::task::{self, Replay};
use super::{Halt, Jobs};
use crate::intake::keys;
use crate::routes::{PUBLISH, takes_deliveries};

/// Deliveries in one step.
const STEP_MAX: u32 = 64;

/// Steps in one second, as far as the rate leaves a choice.
const STEPS_PER_SECOND: u32 = 10;

/// Deliveries of one event that are looked at.
const OF_EVENT_MAX: usize = 10_000;

/// How far a replay has come. Numbers are what people are told.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Progress {
    replayed: u64,
    /// Those that will run anyway, have had their effect, are gone, or whose registration takes nothing.
    skipped: u64,
    /// All up to this event and registration are done with.
    after: Option<(i64, i64)>,
    /// The step that has begun: event, registration, and how often it had been replayed before.
    step: Vec<(i64, i64, u32)>,
}

/// Which deliveries come next.
enum Source {
    Filter(DeliveryFilter),
    /// Of events that were named; oldest first.
    Listed(Vec<Listed>),
}

impl Jobs {
    /// Replays the oldest first, step by step: each goes behind what is in its lanes, so their order stays. A step is
    /// written down before it begins; what a process did of it before it died is told by the deliveries themselves.
    pub(super) async fn replay(&self, job: &Job, task: &Replay) -> Result<String, Halt> {
        if task.rate_per_second == 0 {
            return Err(Halt::failed("`rate_per_second` is 0: nothing would ever be replayed"));
        }
        let source = self.source(job, task).await?;
        let mut progress: Progress = serde_json::from_str(&job.progress).unwrap_or_default();
        for (event, registration, replays) in std::mem::take(&mut progress.step) {
            match self.delivery(event, registration).await? {
                Some(listed) if listed.delivery.replays > replays => progress.replayed += 1,
                Some(listed) => self.replay_one(&listed, task, &mut progress).await?,
                None => progress.skipped += 1,
            }
            progress.after = Some((event, registration));
        }
        let size = (task.rate_per_second / STEPS_PER_SECOND).clamp(1, STEP_MAX);
        loop {
            let page = self.page(&source, progress.after, size).await?;
            let Some(last) = page.last() else { return Ok(text(&progress)) };
            let end = (last.delivery.event, last.delivery.registration);
            progress.step =
                page.iter().map(|listed| &listed.delivery).map(|it| (it.event, it.registration, it.replays)).collect();
            self.told(job, text(&progress)).await?;
            let begun = self.clock.now();
            for listed in &page {
                self.replay_one(listed, task, &mut progress).await?;
            }
            (progress.after, progress.step) = (Some(end), Vec::new());
            let count = u32::try_from(page.len()).unwrap_or(STEP_MAX);
            let pause = Duration::from_secs(1) * count / task.rate_per_second;
            let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
            self.clock.wait_until(begun.saturating_add(pause).unwrap_or(begun)).await;
        }
    }

    async fn source(&self, job: &Job, task: &Replay) -> Result<Source, Halt> {
        match (&task.filter, task.ids.is_empty()) {
            (Some(_), false) => Err(Halt::failed("`ids` and `filter` do not go together")),
            (None, true) => Err(Halt::failed("neither `ids` nor `filter` says what to replay")),
            (Some(_), true) if task.repeats_effect => {
                Err(Halt::failed("`repeats_effect` goes with `ids` only: a filter could repeat more than was meant"))
            }
            (Some(filter), true) => {
                filter.resolve(&self.routes.get(), job.created).map(Source::Filter).map_err(Halt::Failed)
            }
            (None, false) => {
                let mut all = Vec::new();
                for id in &task.ids {
                    let filter = DeliveryFilter { event: Some(id.clone()), ..oldest_first(OF_EVENT_MAX) };
                    all.extend(self.store.deliveries(filter).await?);
                }
                all.sort_by_key(|listed| (listed.delivery.event, listed.delivery.registration));
                all.dedup_by_key(|listed| (listed.delivery.event, listed.delivery.registration));
                Ok(Source::Listed(all))
            }
        }
    }

    async fn page(&self, source: &Source, after: Option<(i64, i64)>, size: u32) -> Result<Vec<Listed>, Halt> {
        let limit = usize::try_from(size).unwrap_or(1);
        match source {
            Source::Filter(filter) => {
                Ok(self.store.deliveries(DeliveryFilter { after, limit, ..filter.clone() }).await?)
            }
            Source::Listed(all) => {
                let is_left = |listed: &&Listed| {
                    after.is_none_or(|after| (listed.delivery.event, listed.delivery.registration) > after)
                };
                Ok(all.iter().filter(is_left).take(limit).cloned().collect())
            }
        }
    }

    async fn delivery(&self, event: i64, registration: i64) -> Result<Option<Listed>, Halt> {
        let filter =
            DeliveryFilter { registration: Some(registration), after: Some((event, i64::MIN)), ..oldest_first(1) };
        let found = self.store.deliveries(filter).await?;
        Ok(found.into_iter().find(|listed| listed.delivery.event == event))
    }

    async fn replay_one(&self, listed: &Listed, task: &Replay, progress: &mut Progress) -> Result<(), Halt> {
        let (event, registration) = (listed.delivery.event, listed.delivery.registration);
        let routes = self.routes.get();
        let is_taken = registration == PUBLISH || routes.registration(registration).is_some_and(takes_deliveries);
        let keys = if is_taken { self.keys(listed).await? } else { None };
        let Some(keys) = keys else {
            progress.skipped += 1;
            return Ok(());
        };
        let (now, repeats_effect) = (self.clock.now(), task.repeats_effect);
        match self.store.replay(store::Replay { event, registration, keys, now, repeats_effect }).await? {
            Replayed::Queued => progress.replayed += 1,
            Replayed::Open | Replayed::HasEffect | Replayed::Gone => progress.skipped += 1,
        }
        Ok(())
    }

    /// The business keys of a delivery's event; `None` when it is gone. What cannot be read waits for nobody.
    async fn keys(&self, listed: &Listed) -> Result<Option<Vec<String>>, Halt> {
        let Some((event, _)) = self.store.event(listed.id).await? else { return Ok(None) };
        let value = serde_json::from_str::<&RawValue>(&event.body).ok();
        let found = self.schemas.spec(&event.code).zip(value).and_then(|(spec, value)| keys(spec, value, "").ok());
        Ok(Some(found.unwrap_or_default()))
    }

    /// The number of a registration that somebody named.
    pub(super) fn registration(&self, name: &str) -> Result<i64, Halt> {
        task::registration(&self.routes.get(), name).map_err(Halt::Failed)
    }
}

fn oldest_first(limit: usize) -> DeliveryFilter {
    DeliveryFilter { order: Order::OldestFirst, limit, ..DeliveryFilter::default() }
}

fn text(progress: &Progress) -> String {
    serde_json::to_string(progress).unwrap_or_default()
}
