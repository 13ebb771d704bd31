//! Work that somebody asked a running kit for: replays, removals, registrations that are to be enabled. A command line
//! writes it into the store; it goes on after a restart.

mod forget;
mod replay;
mod task;

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use jiff::SignedDuration;
use serde_json::json;
use store::{Job, JobState, RegistrationHealth, Store, StoreError};
use tokio::sync::watch;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::{Clock, RoutesHandle, Schemas};
use task::Task;

/// Between two looks for new work.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// Jobs that are worked on at the same time.
const AT_ONCE_MAX: usize = 4;

/// Has a registration get its events again that was switched off.
#[async_trait]
pub trait Enabler: Send + Sync {
    /// # Errors
    /// Why it cannot, in words.
    async fn enable(&self, registration_id: &str) -> Result<(), String>;
}

/// Carries out what was asked for.
#[derive(Clone)]
pub struct Jobs {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub routes: RoutesHandle,
    pub schemas: Arc<Schemas>,
    pub enabler: Arc<dyn Enabler>,
}

/// Why a job does not go on just now.
#[derive(Debug)]
enum Halt {
    /// For good, for this reason.
    Failed(String),
    /// From what is written down of it, when the store has recovered.
    Again(StoreError),
}

impl Halt {
    fn failed(reason: &str) -> Self {
        Self::Failed(reason.to_owned())
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Again(error)
    }
}

impl Jobs {
    /// Looks for work every second until told to stop. What is under way then goes on in the next process.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut under_way = FuturesUnordered::new();
        let mut ids = HashSet::new();
        while !*stop.borrow() {
            for job in self.open().await {
                if ids.len() < AT_ONCE_MAX && ids.insert(job.id) {
                    under_way.push(self.carry_out(job));
                }
            }
            tokio::select! {
                Some(id) = under_way.next(), if !under_way.is_empty() => {
                    ids.remove(&id);
                }
                () = self.pause() => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn pause(&self) {
        let now = self.clock.now();
        self.clock.wait_until(now.saturating_add(LOOKED_EVERY).unwrap_or(now)).await;
    }

    /// Oldest first.
    async fn open(&self) -> Vec<Job> {
        let jobs = self.store.jobs().await;
        let jobs = jobs.inspect_err(|error| warn!(%error, "the store cannot be asked for jobs")).unwrap_or_default();
        jobs.into_iter().filter(|job| job.state.is_open()).collect()
    }

    async fn carry_out(&self, job: Job) -> Uuid {
        // Documents may name persons, so the log has the id only.
        info!(job = %job.id, "a job goes on");
        let done = AssertUnwindSafe(self.work(&job)).catch_unwind().await;
        let (state, progress) = match done {
            Ok(Ok(progress)) => (JobState::Done, progress),
            Ok(Err(Halt::Failed(reason))) => (JobState::Failed, json!({"error": reason}).to_string()),
            Ok(Err(Halt::Again(error))) => {
                warn!(job = %job.id, %error, "a job cannot go on now");
                self.pause().await;
                return job.id;
            }
            Err(_) => {
                error!(job = %job.id, "a job panicked");
                (JobState::Failed, json!({"error": "it crashed"}).to_string())
            }
        };
        let id = job.id;
        let document = Task::kept(job.document);
        match self.store.put_job(Job { state, progress, document, ..job }).await {
            Ok(()) => info!(job = %id, state = state.as_str(), "a job is over"),
            Err(error) => {
                warn!(job = %id, %error, "the end of a job cannot be written now");
                self.pause().await;
            }
        }
        id
    }

    /// Works to the end; returns how far it has come, JSON text.
    async fn work(&self, job: &Job) -> Result<String, Halt> {
        match Task::read(&job.document).map_err(Halt::Failed)? {
            Task::Replay(task) => self.replay(job, &task).await,
            Task::Forget(task) => self.forget(job, &task).await,
            Task::Enable(task) => {
                self.told(job, json!({}).to_string()).await?;
                let number = self.registration(&task.registration)?;
                let routes = self.routes.get();
                let registration = routes.registration(number).map(|known| known.registration_id.as_str());
                let registration = registration.ok_or_else(|| Halt::failed("publications cannot be switched off"))?;
                self.enabler.enable(registration).await.map_err(Halt::Failed)?;
                Ok(json!({"enabled": 1}).to_string())
            }
        }
    }

    /// Writes down how far a job has come.
    async fn told(&self, job: &Job, progress: String) -> Result<(), Halt> {
        Ok(self.store.put_job(Job { state: JobState::Running, progress, ..job.clone() }).await?)
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Jobs")
    }
}

/// Enables registrations of a process without an events service of its own: they have no webhook to ask.
pub struct OwnRegistrations {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub routes: RoutesHandle,
}

#[async_trait]
impl Enabler for OwnRegistrations {
    async fn enable(&self, registration_id: &str) -> Result<(), String> {
        let unavailable = |error: StoreError| format!("the store cannot be read or written now: {error}");
        let catalogue = self.store.catalogue().await.map_err(unavailable)?;
        let found = catalogue.registrations.into_iter().find(|known| known.registration_id == registration_id);
        let mut registration = found.ok_or_else(|| "there is no such registration any more".to_owned())?;
        (registration.enabled, registration.health) = (true, RegistrationHealth::Active);
        registration.updated_date = self.clock.now();
        self.store.put_registration(registration).await.map_err(unavailable)?;
        self.routes.refresh(&*self.store).await.map_err(unavailable)
    }
}

impl fmt::Debug for OwnRegistrations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnRegistrations")
    }
}
