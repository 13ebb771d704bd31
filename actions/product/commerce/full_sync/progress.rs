use std::time::Duration;

use jiff::Timestamp;
use sdk::{Context, Stop};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::options::{From, Options, PAGE_SIZE_DEFAULT};

/// A run that has not said for this long that it is under way is over.
const LEASE: Duration = Duration::from_mins(1);

const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// How far the products have come, over all runs since the first page.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Progress {
    state: State,
    /// The last page that is through; 0 before the first.
    pub page: u32,
    pub page_size: u32,
    /// Products in the store, as Commerce said last.
    total: u64,
    /// Pages that were sent; empty ones are not.
    sent: u32,
    products: u64,
    started_at: Timestamp,
    updated_at: Timestamp,
    /// Why the run failed.
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Idle,
    Running,
    Failed,
    Done,
}

/// What `GET` answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    state: State,
    page: u32,
    pages: u32,
    sent: u32,
    failed: u32,
    products: u64,
    page_size: u32,
    started_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    error: Option<&'a str>,
}

impl Progress {
    /// The next run's: behind the last page of one that did not end well, or from the start.
    pub fn begin(previous: Option<Self>, options: &Options, now: Timestamp) -> Self {
        match previous {
            Some(previous)
                if previous.state != State::Done
                    && previous.page_size == options.page_size
                    && options.from == From::WhereItStopped =>
            {
                Self { state: State::Running, updated_at: now, error: None, ..previous }
            }
            Some(_) | None => Self {
                state: State::Running,
                page: 0,
                page_size: options.page_size,
                total: 0,
                sent: 0,
                products: 0,
                started_at: now,
                updated_at: now,
                error: None,
            },
        }
    }

    pub fn pages(&self) -> u32 {
        pages(self.total, self.page_size)
    }

    /// One page more is through.
    pub fn advance(&mut self, products: usize, total: u64, now: Timestamp) {
        self.page += 1;
        self.sent += u32::from(products > 0);
        self.products += u64::try_from(products).unwrap_or(u64::MAX);
        self.total = total;
        self.updated_at = now;
    }

    /// The store has fewer pages than were sent already.
    pub fn shrink(&mut self, total: u64) {
        self.total = total;
        self.page = self.pages();
    }

    pub fn end(&mut self, error: Option<String>, now: Timestamp) {
        self.state = if error.is_some() { State::Failed } else { State::Done };
        self.error = error;
        self.updated_at = now;
    }

    /// Without a lease nothing runs, whatever was noted last.
    pub fn shown(progress: Option<&Self>, is_leased: bool) -> Shown<'_> {
        let Some(progress) = progress else { return Shown::nothing() };
        let (state, error) = match progress.state {
            State::Running if !is_leased => (State::Failed, Some("the run was cut off")),
            state => (state, progress.error.as_deref()),
        };
        Shown {
            state,
            page: progress.page,
            pages: if progress.page == 0 { 0 } else { progress.pages() },
            sent: progress.sent,
            failed: u32::from(state == State::Failed),
            products: progress.products,
            page_size: progress.page_size,
            started_at: Some(progress.started_at),
            updated_at: Some(progress.updated_at),
            error,
        }
    }
}

impl Shown<'_> {
    fn nothing() -> Self {
        Shown {
            state: State::Idle,
            page: 0,
            pages: 0,
            sent: 0,
            failed: 0,
            products: 0,
            page_size: PAGE_SIZE_DEFAULT,
            started_at: None,
            updated_at: None,
            error: None,
        }
    }
}

/// An empty store has one page, which is empty.
pub fn pages(total: u64, page_size: u32) -> u32 {
    let pages = total.div_ceil(u64::from(page_size.max(1))).max(1);
    u32::try_from(pages).unwrap_or(u32::MAX)
}

/// Where the progress is kept between runs, and the lease of the run under way.
#[derive(Debug)]
pub struct Memory<'a> {
    cx: &'a Context,
    progress_key: String,
    lease_key: String,
}

impl<'a> Memory<'a> {
    pub fn new(cx: &'a Context) -> Self {
        let key = |of: &str| format!("{}/{of}", cx.action());
        Self { cx, progress_key: key("progress"), lease_key: key("lease") }
    }

    pub fn cx(&self) -> &'a Context {
        self.cx
    }

    /// What was noted last. What another version noted and cannot be read any more counts as nothing.
    pub async fn progress(&self) -> Result<Option<Progress>, Failure> {
        let kept = self.cx.state().get(&self.progress_key).await?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }

    pub async fn keep(&self, progress: &Progress) -> Result<(), Failure> {
        let kept = serde_json::to_vec(progress)
            .map_err(|error| Stop::park("the progress cannot be written as JSON").because(error))?;
        Ok(self.cx.state().put(&self.progress_key, kept, KEPT_FOR).await?)
    }

    pub async fn is_leased(&self) -> Result<bool, Failure> {
        Ok(self.cx.state().get(&self.lease_key).await?.is_some())
    }

    /// Says that a run is under way, from now on for the time of a lease. Told before each call.
    pub async fn lease(&self) -> Result<(), Failure> {
        let holder = self.cx.activation().to_string().into_bytes();
        Ok(self.cx.state().put(&self.lease_key, holder, LEASE).await?)
    }

    pub async fn release(&self) -> Result<(), Failure> {
        Ok(self.cx.state().delete(&self.lease_key).await?)
    }
}
