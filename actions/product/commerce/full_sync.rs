mod failure;
mod options;
mod pages;
mod progress;
mod query;
mod report;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use sdk::web::{Request, Response, WebAction};
use sdk::{Context, Inputs};
use serde_json::json;
use tracing::warn;

use failure::Failure;
use options::Options;
use pages::{Backoffice, Carried};
use progress::{Memory, Progress};
use report::Report;

/// Brings all products of the store to the back office, page by page. `GET` tells how far it is.
///
/// A run that fails is gone on with by the next one. A page may be sent twice: when the answer to it was lost, or when
/// the program ended before it was noted.
pub struct FullSync {
    /// For what people read; nothing is decided by it.
    clock: fn() -> Timestamp,
    is_running: AtomicBool,
}

impl Default for FullSync {
    fn default() -> Self {
        Self { clock: Timestamp::now, is_running: AtomicBool::new(false) }
    }
}

#[async_trait]
impl WebAction for FullSync {
    fn methods(&self) -> &'static [Method] {
        &[Method::GET, Method::POST]
    }

    fn check_inputs(&self, inputs: &Inputs) -> Result<(), String> {
        Backoffice::read(inputs).map(drop)
    }

    async fn run(&self, cx: &Context, request: Request) -> Response {
        let answered = if request.method == Method::GET { show(cx).await } else { self.start(cx, &request).await };
        answered.unwrap_or_else(|failure| refused(&failure))
    }
}

impl FullSync {
    async fn start(&self, cx: &Context, request: &Request) -> Result<Response, Failure> {
        let options = Options::read(request).map_err(|message| Failure::new(400, message))?;
        let backoffice = Backoffice::read(cx.inputs()).map_err(|message| Failure::new(500, message))?;
        let memory = Memory::new(cx);
        // Asked first of all: between a look at the lease and taking it another request could do the same.
        let _running = Running::begin(&self.is_running).ok_or_else(under_way)?;
        if memory.is_leased().await? {
            return Err(under_way());
        }
        memory.lease().await?;
        let mut progress = Progress::begin(memory.progress().await?, &options, (self.clock)());
        let mut report = Report::new(progress.page + 1);
        memory.keep(&progress).await?;
        let walked = self.walk(&memory, &backoffice, &mut progress, &mut report).await;
        self.end(&memory, &mut progress, walked.as_ref().err()).await;
        Ok(match walked {
            Ok(()) => report.success(),
            Err(failure) => {
                warn!(action = %cx.action(), activation = %cx.activation(), "the sync stopped: {failure}");
                report.failure(&failure, progress.page + 1)
            }
        })
    }

    /// Carries page after page until there are no more.
    async fn walk(
        &self,
        memory: &Memory<'_>,
        backoffice: &Backoffice,
        progress: &mut Progress,
        report: &mut Report,
    ) -> Result<(), Failure> {
        loop {
            let page = progress.page + 1;
            match pages::carry(memory, backoffice, page, progress.page_size).await? {
                Carried::Page { products, total } => {
                    progress.advance(products, total, (self.clock)());
                    memory.keep(progress).await?;
                    report.add(page, products);
                }
                Carried::PastTheEnd { total } => progress.shrink(total),
            }
            if progress.page >= progress.pages() {
                return Ok(());
            }
        }
    }

    /// Notes how the run ended. What cannot be noted is found out by the next run: the lease ends by itself.
    async fn end(&self, memory: &Memory<'_>, progress: &mut Progress, failure: Option<&Failure>) {
        progress.end(failure.map(ToString::to_string), (self.clock)());
        let noted = async {
            memory.keep(progress).await?;
            memory.release().await
        };
        if let Err(failure) = noted.await {
            warn!("the end of a sync was not noted: {failure}");
        }
    }
}

/// Holds the action's own mark for as long as a run lasts, however it ends.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn begin(mark: &'a AtomicBool) -> Option<Self> {
        (!mark.swap(true, Ordering::AcqRel)).then_some(Self(mark))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn under_way() -> Failure {
    Failure::new(409, "a sync is under way; GET this address to see its progress")
}

async fn show(cx: &Context) -> Result<Response, Failure> {
    let memory = Memory::new(cx);
    let progress = memory.progress().await?;
    let is_leased = memory.is_leased().await?;
    Ok(Response::json(200, &Progress::shown(progress.as_ref(), is_leased)))
}

fn refused(failure: &Failure) -> Response {
    Response::json(failure.status, &json!({"success": false, "error": failure.message}))
}
