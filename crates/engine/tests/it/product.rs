//! The one handler of these tests: each attempt at an event does what the event's steps say.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Clock;
use jiff::Timestamp;
use sdk::prelude::*;
use testkit::ManualClock;
use tokio::sync::watch;

/// A product that has steps: what the first attempt does, the second, and so on. The last repeats; none means success.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Product {
    #[validate(length(min = 1, max = 64))]
    pub sku: String,
    #[serde(default)]
    pub steps: Vec<Step>,
    #[serde(default)]
    #[validate(range(min = 0))]
    pub price: i64,
    #[serde(default)]
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The target answers this.
    Status(u16),
    /// The target answers 503 and asks for a pause of so many seconds.
    After(u64),
    Skip,
    Reject,
    Retry,
    Park,
    Panic,
    /// Never ends.
    Hang,
    /// Goes on when the test opens the gate.
    Hold,
    /// Succeeds, and stops in its follow-up.
    Post(Follow),
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    Skip,
    Reject,
    Retry,
    Park,
}

/// What the target is sent.
#[derive(Debug, Serialize)]
pub struct Request {
    sku: String,
    price: i64,
    tags: Vec<String>,
    #[serde(skip)]
    steps: Vec<Step>,
}

/// One attempt as it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub sku: String,
    pub attempt: u32,
    pub at: Timestamp,
    pub delivery: Option<sdk::Delivery>,
    pub is_in_doubt: bool,
}

/// What all attempts leave behind, and the gate that some wait at.
#[derive(Clone, Debug)]
pub struct Runs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: ManualClock,
    runs: Mutex<Vec<Run>>,
    holding: watch::Sender<usize>,
    holding_max: Mutex<usize>,
    gate: watch::Sender<bool>,
}

impl Runs {
    pub fn new(clock: ManualClock) -> Self {
        Self(Arc::new(Inner {
            clock,
            runs: Mutex::default(),
            holding: watch::Sender::new(0),
            holding_max: Mutex::default(),
            gate: watch::Sender::new(false),
        }))
    }

    pub fn all(&self) -> Vec<Run> {
        self.0.runs.lock().unwrap().clone()
    }

    /// The attempts so far in short: `A1` is the first at product A.
    pub fn names(&self) -> Vec<String> {
        self.all().iter().map(|run| format!("{}{}", run.sku, run.attempt)).collect()
    }

    /// When the attempts began, in milliseconds since the first.
    pub fn times_ms(&self) -> Vec<i64> {
        let runs = self.all();
        runs.iter().map(|run| run.at.as_millisecond() - runs[0].at.as_millisecond()).collect()
    }

    /// Waits until so many attempts stand at the gate.
    pub async fn until_held(&self, count: usize) {
        self.0.holding.subscribe().wait_for(|holding| *holding == count).await.unwrap();
    }

    /// The most attempts that stood at the gate at once.
    pub fn held_max(&self) -> usize {
        *self.0.holding_max.lock().unwrap()
    }

    pub fn open_gate(&self) {
        self.0.gate.send_replace(true);
    }

    fn begin(&self, sku: &str, cx: &Context) {
        let delivery = cx.delivery().cloned();
        let (attempt, at, is_in_doubt) = (cx.attempt(), self.0.clock.now(), cx.is_in_doubt());
        let run = Run { sku: sku.to_owned(), attempt, at, delivery, is_in_doubt };
        self.0.runs.lock().unwrap().push(run);
    }

    async fn hold(&self) {
        let mut gate = self.0.gate.subscribe();
        self.0.holding.send_modify(|holding| *holding += 1);
        let holding = *self.0.holding.borrow();
        {
            let mut most = self.0.holding_max.lock().unwrap();
            *most = holding.max(*most);
        }
        gate.wait_for(|is_open| *is_open).await.unwrap();
        self.0.holding.send_modify(|holding| *holding -= 1);
    }
}

/// Sends a product to Commerce, or does what its steps say.
pub struct Changed(pub Runs);

impl fmt::Debug for Changed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Changed")
    }
}

impl EventHandler for Changed {
    type Event = Product;
    type Request = Request;
    const SUCCESS: &'static str = "Product changed successfully";

    fn transform(&self, event: Product) -> Result<Request, Stop> {
        Ok(Request { sku: event.sku, price: event.price, tags: event.tags, steps: event.steps })
    }

    async fn pre(&self, cx: &Context, request: Request) -> Result<Request, Stop> {
        self.0.begin(&request.sku, cx);
        match step(cx, &request) {
            Step::Skip => return Err(Stop::skip("not for this action")),
            Step::Reject => return Err(Stop::reject("wrong for ever")),
            Step::Retry => return Err(Stop::retry("not ready")),
            Step::Park => return Err(Stop::park("a person has to look")),
            Step::Panic => panic!("this attempt panics"),
            Step::Hang => std::future::pending::<()>().await,
            Step::Hold => self.0.hold().await,
            Step::Status(_) | Step::After(_) | Step::Post(_) => {}
        }
        Ok(request)
    }

    async fn send(&self, cx: &Context, request: &Request) -> Result<Reply, Stop> {
        let reply = cx.commerce().put(format!("products/{}", segment(&request.sku)), request).await?;
        if let Step::Status(status) = step(cx, request) {
            return Ok(Reply::new(status, Value::Null));
        }
        if let Step::After(seconds) = step(cx, request) {
            return Ok(Reply { retry_after: Some(Duration::from_secs(seconds)), ..Reply::new(503, Value::Null) });
        }
        Ok(reply)
    }

    async fn post(&self, cx: &Context, request: &Request, _: &Reply) -> Result<(), Stop> {
        let Step::Post(follow) = step(cx, request) else { return Ok(()) };
        Err(match follow {
            Follow::Skip => Stop::skip("nothing to follow up"),
            Follow::Reject => Stop::reject("the follow-up was refused"),
            Follow::Retry => Stop::retry("the follow-up found nobody"),
            Follow::Park => Stop::park("the follow-up needs a person"),
        })
    }
}

fn step(cx: &Context, request: &Request) -> Step {
    let index = usize::try_from(cx.attempt() - 1).unwrap();
    request.steps.get(index).or(request.steps.last()).cloned().unwrap_or(Step::Status(200))
}
