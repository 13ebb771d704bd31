//! One client: posts its events one after the other, each until it is acknowledged, and often hangs up before that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use sandbox::Sandbox;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::events::{Draft, Events};
use super::hangup::{Hangup, hang_up};
use super::ledger::Ledger;
use super::line::{Answered, Failure, Line};
use super::stands::Stands;

pub const PATH: &str = "/api/v1/web/ingestion/webhook";

/// Of a hundred events, so many are first sent by a client that hangs up, sent once more after they were acknowledged, and
/// left alone after their client hung up.
const HANGUPS: u32 = 8;
const REPEATS: u32 = 5;
const ABANDONED: u32 = 1;

/// Beyond this many acknowledged events without an effect, senders wait, so that kills hit deliveries too.
const BACKLOG_MAX: u64 = 1_000;
/// Whoever lives answers within this time; it is shorter than the patience with which the conductor waits for progress, so
/// that one request without an answer is found as what it is.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const AGAIN_AFTER_MS: std::ops::Range<u64> = 2..40;
const BACKLOG_LOOK_EVERY: Duration = Duration::from_millis(5);

/// What became of an event on the sender's side.
#[derive(Clone, Debug)]
pub enum Fate {
    /// With the id that the program gave.
    Acknowledged(Uuid),
    /// Its client hung up and never came back.
    Abandoned,
    /// Neither yes nor no: the run was ended.
    Open,
    /// Refused, or acknowledged in a way that contradicts itself.
    Wrong { id: Option<Uuid>, expected: String, seen: String },
}

#[derive(Debug)]
pub struct Sent {
    pub uid: String,
    pub code: &'static str,
    pub keys: Vec<String>,
    pub fate: Fate,
}

/// What all senders share.
#[derive(Debug)]
pub struct Load {
    /// Where the program listens now.
    pub address: watch::Receiver<String>,
    pub ledger: Arc<Ledger>,
    pub stands: Stands,
    pub progress: Notify,
    /// Nobody is to send any more.
    pub is_over: AtomicBool,
    /// Events that their senders are done with, acknowledged or not.
    pub sent: AtomicU64,
    pub acknowledged: AtomicU64,
    pub hung_up: AtomicU64,
    pub repeated: AtomicU64,
    pub asked_again: AtomicU64,
}

impl Load {
    pub fn new(address: watch::Receiver<String>, ledger: Arc<Ledger>) -> Self {
        Self {
            address,
            ledger,
            stands: Stands::default(),
            progress: Notify::new(),
            is_over: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            hung_up: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            asked_again: AtomicU64::new(0),
        }
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    async fn wait_for_room(&self) {
        while !self.is_over() && self.acknowledged().saturating_sub(self.ledger.counts().changes) > BACKLOG_MAX {
            tokio::time::sleep(BACKLOG_LOOK_EVERY).await;
        }
    }
}

/// The clients' answers, as far as they matter.
enum Answer {
    Yes(Uuid),
    /// And why not now.
    Later(String),
    No {
        expected: String,
        seen: String,
    },
}

pub struct Sender {
    pub load: Arc<Load>,
    pub sandbox: Sandbox,
    pub events: Events,
    /// Decides what its clients do. How often they come again is the program's doing, so it decides nothing of that.
    pub rng: Rng,
    pub pauses: Rng,
    pub number: usize,
    /// Begins each uid.
    pub prefix: String,
    pub line: Line,
    /// Clients that are about to hang up.
    pub going: JoinSet<()>,
}

impl Sender {
    /// Sends so many events; tells what became of each, in the order in which they were sent.
    ///
    /// # Errors
    /// The sandbox has no room.
    pub async fn run(mut self, count: usize) -> anyhow::Result<Vec<Sent>> {
        let mut sent = Vec::with_capacity(count);
        for number in 0..count {
            if self.load.is_over() {
                break;
            }
            let uid = format!("{}-{number}", self.prefix);
            self.load.stands.begin(self.number, &uid);
            self.load.wait_for_room().await;
            let chance = self.rng.u32(0..100);
            let draft = if chance < ABANDONED { self.events.alone() } else { self.events.next(&self.sandbox)? };
            let fate = self.send(&uid, &draft, chance).await;
            if matches!(fate, Fate::Acknowledged(_)) {
                self.load.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            sent.push(Sent { uid, code: draft.code, keys: draft.keys, fate });
            self.load.sent.fetch_add(1, Ordering::SeqCst);
            self.load.progress.notify_one();
        }
        self.load.stands.end(self.number);
        self.going.join_all().await;
        Ok(sent)
    }

    async fn send(&mut self, uid: &str, draft: &Draft, chance: u32) -> Fate {
        let body = json!({"data": {"uid": uid, "event": draft.code, "value": draft.value}}).to_string();
        if draft.is_alone || chance < HANGUPS {
            self.hang_up(&body);
            self.pause("its client hung up").await;
        }
        if draft.is_alone {
            return Fate::Abandoned;
        }
        let fate = self.until_acknowledged(&body).await;
        let Fate::Acknowledged(id) = fate else { return fate };
        if chance >= 100 - REPEATS {
            return self.repeat(&body, id).await;
        }
        fate
    }

    async fn pause(&mut self, because: &str) {
        self.load.stands.pauses(self.number, because);
        let pause = self.pauses.u64(AGAIN_AFTER_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// Begins to.
    fn hang_up(&mut self, body: &str) {
        self.load.hung_up.fetch_add(1, Ordering::SeqCst);
        let text = body.to_owned();
        let hangup = Hangup::at_random(&mut self.rng, text.len());
        let address = self.load.address.borrow().clone();
        while self.going.try_join_next().is_some() {}
        // Nobody listening is as good as a client that goes.
        self.going.spawn(async move { drop(hang_up(&address, &text, hangup).await) });
    }

    async fn until_acknowledged(&mut self, body: &str) -> Fate {
        while !self.load.is_over() {
            match self.post(body).await {
                Answer::Yes(id) => return Fate::Acknowledged(id),
                Answer::Later(because) => {
                    self.load.asked_again.fetch_add(1, Ordering::SeqCst);
                    self.pause(&because).await;
                }
                Answer::No { expected, seen } => return Fate::Wrong { id: None, expected, seen },
            }
        }
        Fate::Open
    }

    /// Once more with the same uid: the answer has to be the first one.
    async fn repeat(&mut self, body: &str, first: Uuid) -> Fate {
        self.load.repeated.fetch_add(1, Ordering::SeqCst);
        match self.until_acknowledged(body).await {
            Fate::Acknowledged(second) if second != first => Fate::Wrong {
                id: Some(first),
                expected: "its uid is answered as before".to_owned(),
                seen: format!("a second event {second}"),
            },
            Fate::Wrong { expected, seen, .. } => Fate::Wrong { id: Some(first), expected, seen },
            Fate::Acknowledged(_) | Fate::Abandoned | Fate::Open => Fate::Acknowledged(first),
        }
    }

    async fn post(&mut self, body: &str) -> Answer {
        let address = self.load.address.borrow().clone();
        self.load.stands.asks(self.number);
        let answered = self.line.post(&address, body.to_owned(), ANSWER_WITHIN).await;
        let expected = "200, or 503 to come again".to_owned();
        match answered {
            Ok(Answered { status: 200, id: Some(id), .. }) => Answer::Yes(id),
            Ok(Answered { status: 200, id: None, .. }) => {
                Answer::No { expected, seen: "200 without the id of an event".to_owned() }
            }
            Ok(Answered { status: status @ (429 | 503), .. }) => Answer::Later(status.to_string()),
            Ok(Answered { status, text, .. }) => Answer::No { expected, seen: format!("{status}: {text}") },
            Err(Failure::Gone) => Answer::Later("nobody answered".to_owned()),
            Err(Failure::Silent) => Answer::No {
                expected: format!("an answer within {} s", ANSWER_WITHIN.as_secs()),
                seen: "none, on a connection that stood".to_owned(),
            },
        }
    }
}
