//! Carries the plan out: kills, starts again, breaks target, disk and clock while the senders send, and at last lets
//! everything be delivered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use store::{DeliveryFilter, Order as ListOrder, Reader, State};
use tokio::sync::watch;

use super::child::Order;
use super::finding::{Finding, Kind};
use super::plan::{Act, CLOCK_MS, Moment};
use super::process::{Process, Program};
use super::sample::Samples;
use super::sender::Load;
use super::target::Target;

/// Without any progress for so long the clock goes on: to its latest, because what was due before it jumped back may be
/// due in hours, and then by steps, so that what a program has to notice by itself comes without a wait of minutes.
const CLOCK_PATIENCE: Duration = Duration::from_secs(2);
const CLOCK_STEP_MS: i64 = 120_000;
/// Without any progress for so long, ten minutes by that clock, everything stands still.
const PATIENCE: Duration = Duration::from_secs(12);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was done so far.
#[derive(Clone, Debug, Default)]
pub struct Done {
    pub kills: usize,
    /// Of the target, by what they are.
    pub faults: BTreeMap<&'static str, usize>,
    pub disks: usize,
    pub clocks: usize,
}

pub struct Conductor<'a> {
    pub program: &'a Program,
    pub target: &'a Target,
    pub load: Arc<Load>,
    pub address: watch::Sender<String>,
    pub process: Process,
    pub samples: Samples,
    pub done: Done,
    pub restarts: Vec<Duration>,
    pub findings: Vec<Finding>,
    clock_ms: i64,
    /// How far beyond its latest the clock had to go so far.
    steps_ms: i64,
    seen: Seen,
}

/// The last time that anything moved.
struct Seen {
    progress: u64,
    at: Instant,
    /// Steps that the clock went since.
    steps: u32,
}

impl<'a> Conductor<'a> {
    pub fn new(
        program: &'a Program,
        target: &'a Target,
        load: Arc<Load>,
        (process, address): (Process, watch::Sender<String>),
    ) -> Self {
        Self {
            program,
            target,
            load,
            address,
            process,
            samples: Samples::default(),
            done: Done::default(),
            restarts: Vec::new(),
            findings: Vec::new(),
            clock_ms: 0,
            steps_ms: 0,
            seen: Seen { progress: 0, at: Instant::now(), steps: 0 },
        }
    }

    /// Acts until all events are sent, or nothing moves any more.
    ///
    /// # Errors
    /// The program does not start again.
    pub async fn conduct(&mut self, plan: Vec<Moment>, events: u64, told: &dyn Fn(u64, &Done)) -> anyhow::Result<()> {
        for Moment { at, act } in plan {
            if !self.reach(at, told).await? {
                return Ok(());
            }
            match act {
                Act::Kill { after } => {
                    tokio::time::sleep(after).await;
                    self.kill().await?;
                }
                Act::Fault(name, fault) => {
                    if self.target.sandbox.add_fault(&fault).is_err() {
                        self.target.sandbox.clear_faults();
                    }
                    *self.done.faults.entry(name).or_default() += 1;
                }
                Act::Disk(disk) => {
                    self.process.tell(Order::Disk(disk));
                    self.done.disks += 1;
                }
                Act::Clock(offset_ms) => {
                    self.set_clock(offset_ms);
                    self.done.clocks += 1;
                }
            }
        }
        self.reach(events, told).await?;
        Ok(())
    }

    async fn kill(&mut self) -> anyhow::Result<()> {
        // While the program lives: whoever is the last to close the store would tidy it up.
        self.findings.extend(self.samples.take(&self.program.data()));
        self.process.kill()?;
        self.done.kills += 1;
        self.begin_again().await
    }

    async fn begin_again(&mut self) -> anyhow::Result<()> {
        self.target.quiet().await?;
        let begun = Instant::now();
        self.process = self.program.start(self.clock_ms).await?;
        self.restarts.push(begun.elapsed());
        self.address.send_replace(self.process.address.clone());
        Ok(())
    }

    fn set_clock(&mut self, offset_ms: i64) {
        self.clock_ms = offset_ms;
        self.process.tell(Order::Clock(offset_ms));
    }

    /// Waits until so many events are sent; `false` when nothing moves any more.
    async fn reach(&mut self, sent: u64, told: &dyn Fn(u64, &Done)) -> anyhow::Result<bool> {
        while self.load.sent() < sent {
            let _ = tokio::time::timeout(LOOK_EVERY, self.load.progress.notified()).await;
            told(self.load.sent(), &self.done);
            self.look_after_process().await?;
            let idle = self.idle();
            if idle > PATIENCE {
                let seen = format!("nothing moved for {} s: {}", idle.as_secs(), self.load.stands);
                self.load.is_over.store(true, Ordering::SeqCst);
                self.findings.push(Finding::of_run(Kind::Stuck, "events go on", &seen));
                return Ok(false);
            }
            self.put_clock_on(idle);
        }
        Ok(true)
    }

    /// A program that ends by itself is started again, so that the rest can still be found out.
    async fn look_after_process(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.ended() {
            let seen = format!("it ended by itself: {status}");
            self.findings.push(Finding::of_run(Kind::Crash, "the program runs until it is killed", &seen));
            self.begin_again().await?;
        }
        Ok(())
    }

    /// A step each time that nothing has moved for long.
    fn put_clock_on(&mut self, idle: Duration) {
        if idle > CLOCK_PATIENCE * (self.seen.steps + 1) {
            self.seen.steps += 1;
            self.set_clock(clock_latest_ms() + self.steps_ms);
            self.steps_ms += CLOCK_STEP_MS;
        }
    }

    /// For how long nothing has moved.
    fn idle(&mut self) -> Duration {
        let progress = self.load.sent() + self.target.ledger.counts().calls;
        if progress != self.seen.progress {
            self.seen = Seen { progress, at: Instant::now(), steps: 0 };
        }
        self.seen.at.elapsed()
    }

    /// Without faults and with a clock that is at its latest: waits until no delivery is open, or nothing moves any more,
    /// as was found before if the load was ended early.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn drain(&mut self, told: &dyn Fn(u64, &Done)) -> anyhow::Result<()> {
        self.target.sandbox.clear_faults();
        self.set_clock(clock_latest_ms() + self.steps_ms);
        self.seen = Seen { at: Instant::now(), steps: 0, ..self.seen };
        while !self.load.is_over.load(Ordering::SeqCst) {
            if open(&self.program.data())? == 0 {
                return Ok(());
            }
            told(self.load.sent(), &self.done);
            self.look_after_process().await?;
            let idle = self.idle();
            if idle > PATIENCE {
                return Ok(());
            }
            self.put_clock_on(idle);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Ends the program in good order.
    pub async fn end(mut self) -> (Vec<Finding>, Done, Vec<Duration>, Samples) {
        if !self.process.stop().await {
            let (expected, seen) = ("the program ends when it is told to", "it had to be killed");
            self.findings.push(Finding::of_run(Kind::Crash, expected, seen));
        }
        (self.findings, self.done, self.restarts, self.samples)
    }
}

fn clock_latest_ms() -> i64 {
    CLOCK_MS.into_iter().max().unwrap_or_default()
}

/// Whether any delivery is open: 0 or 1.
fn open(data: &std::path::Path) -> anyhow::Result<usize> {
    let states = State::ALL.into_iter().filter(|state| state.is_open()).collect();
    let filter = DeliveryFilter { states, order: ListOrder::OldestFirst, limit: 1, ..DeliveryFilter::default() };
    Ok(Reader::open(data)?.deliveries(&filter)?.len())
}
