use std::collections::{BTreeMap, VecDeque};
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use engine::{JournalPage, JournalProblem, JournalSource};
use tokio::sync::watch;

/// Where a [`FakeJournal`] begins, unless its script says otherwise.
const BEGIN: &str = "journal";

/// A journal that records what it is asked. It answers from its script; when that is over, with the page that stands at
/// the address; and where there is none, with an empty page that goes nowhere. Clones are the same journal.
#[derive(Clone, Debug, Default)]
pub struct FakeJournal(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    /// How many pages were asked for.
    asked: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Inner {
    locations: VecDeque<Result<Option<String>, String>>,
    names: Vec<String>,
    script: VecDeque<Step>,
    pages: BTreeMap<String, JournalPage>,
    urls: Vec<String>,
}

#[derive(Debug)]
enum Step {
    Answer(Result<JournalPage, JournalProblem>),
    Hang,
}

impl FakeJournal {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next page that is asked for without an answer is this one.
    #[must_use]
    pub fn then(self, page: JournalPage) -> Self {
        self.step(Step::Answer(Ok(page)))
    }

    #[must_use]
    pub fn then_problem(self, problem: JournalProblem) -> Self {
        self.step(Step::Answer(Err(problem)))
    }

    /// The next page that is asked for without an answer never comes.
    #[must_use]
    pub fn then_hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// This page stands here from now on.
    #[must_use]
    pub fn at(self, url: &str, page: JournalPage) -> Self {
        self.inner().pages.insert(url.to_owned(), page);
        self
    }

    /// The next time that somebody looks for the journal.
    #[must_use]
    pub fn then_located(self, location: Result<Option<String>, String>) -> Self {
        self.inner().locations.push_back(location);
        self
    }

    /// The registrations whose journals were looked for, so far.
    pub fn names(&self) -> Vec<String> {
        self.inner().names.clone()
    }

    /// The addresses that were asked for, so far.
    pub fn urls(&self) -> Vec<String> {
        self.inner().urls.clone()
    }

    /// Waits until so many pages were asked for.
    pub async fn until_asked(&self, count: usize) {
        drop(self.0.asked.subscribe().wait_for(|asked| *asked >= count).await);
    }

    fn step(self, step: Step) -> Self {
        self.inner().script.push_back(step);
        self
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, url: &str) -> Step {
        let mut inner = self.inner();
        inner.urls.push(url.to_owned());
        let empty = JournalPage { events: Vec::new(), next: None, after: None };
        let standing = Step::Answer(Ok(inner.pages.get(url).cloned().unwrap_or(empty)));
        inner.script.pop_front().unwrap_or(standing)
    }
}

#[async_trait]
impl JournalSource for FakeJournal {
    async fn locate(&self, registration: &str) -> Result<Option<String>, String> {
        let mut inner = self.inner();
        inner.names.push(registration.to_owned());
        inner.locations.pop_front().unwrap_or_else(|| Ok(Some(BEGIN.to_owned())))
    }

    async fn page(&self, url: &str) -> Result<JournalPage, JournalProblem> {
        let step = self.ask(url);
        self.0.asked.send_modify(|asked| *asked += 1);
        match step {
            Step::Answer(answer) => answer,
            Step::Hang => future::pending().await,
        }
    }
}
