use jiff::SignedDuration;
use sdk::json::texts_at;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Forgotten, Job, StoredEvent};

use super::task::Forget;
use super::{Halt, Jobs};

/// Events that are looked at in one go.
const PAGE: usize = 64;

/// After so many pages it is written down how far the job has come.
const TOLD_EVERY: usize = 32;

/// An event that an attempt runs on is asked for again after this.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// How far a removal has come. Numbers are what people are told.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Progress {
    removed: u64,
    /// Events up to this number are done with.
    seen: i64,
}

impl Jobs {
    /// Removes all events of one thing that were accepted before somebody asked for it. Whatever was removed before the
    /// process died is not there any more.
    pub(super) async fn forget(&self, job: &Job, task: &Forget) -> Result<String, Halt> {
        if !self.schemas.has_entity(&task.entity) {
            return Err(Halt::Failed(format!("there is no entity `{}`", task.entity)));
        }
        let mut progress: Progress = serde_json::from_str(&job.progress).unwrap_or_default();
        let mut pages = 0_usize;
        loop {
            let events = self.store.events(progress.seen, PAGE).await?;
            for event in &events {
                if event.at > job.created {
                    return Ok(text(&progress));
                }
                if self.is_about(event, task) {
                    self.remove(event.number).await?;
                    progress.removed += 1;
                }
                progress.seen = event.number;
            }
            if events.is_empty() {
                return Ok(text(&progress));
            }
            pages += 1;
            if pages.is_multiple_of(TOLD_EVERY) {
                self.told(job, text(&progress)).await?;
            }
        }
    }

    fn is_about(&self, event: &StoredEvent, task: &Forget) -> bool {
        let Some(spec) = self.schemas.spec(&event.code).filter(|spec| spec.entity == task.entity) else { return false };
        let Ok(value) = serde_json::from_str::<&RawValue>(&event.body) else { return false };
        spec.keys.iter().any(|pointer| texts_at(value, pointer).contains(&task.key))
    }

    /// Waits for an attempt that runs on it.
    async fn remove(&self, event: i64) -> Result<(), Halt> {
        while self.store.forget(event).await? == Forgotten::Running {
            let now = self.clock.now();
            self.clock.wait_until(now.saturating_add(AGAIN_AFTER).unwrap_or(now)).await;
        }
        Ok(())
    }
}

fn text(progress: &Progress) -> String {
    serde_json::to_string(progress).unwrap_or_default()
}
