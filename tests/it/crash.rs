//! Kills the real process under load, again and again: everything acknowledged has its effect, in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandbox::{Call, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::support::{PRODUCT_CREATE, Project, Server, TOKEN};

const KILLS: usize = 25;
const SENDERS: usize = 6;
const EVENTS_PER_SENDER: usize = 120;

/// Attempts that run at the same time, so at most as many can run twice because of one kill.
const AT_ONCE: usize = 8;

/// A Commerce store outside the process that is killed.
async fn commerce() -> (Sandbox, String) {
    let sandbox = Sandbox::new(TOKEN.to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sandbox/commerce/rest/", listener.local_addr().unwrap());
    let router = sandbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (sandbox, url)
}

/// What the senders share.
struct Load {
    /// The address of the kit that runs now.
    address: watch::Receiver<String>,
    acknowledged: AtomicUsize,
    progress: Notify,
    client: reqwest::Client,
}

impl Load {
    /// Sends the events of one SKU one after the other, each until it is acknowledged. Returns their ids in order.
    async fn send(self: Arc<Self>, sender: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for number in 0..EVENTS_PER_SENDER {
            let value = json!({"sku": format!("SKU-{sender}"), "name": format!("Name {number}"), "price": number,
                "description": "under fire"});
            let uid = format!("{sender}-{number}");
            let body = json!({"data": {"uid": uid, "event": PRODUCT_CREATE, "value": value}});
            ids.push(self.send_until_acknowledged(&body).await);
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
            self.progress.notify_one();
        }
        ids
    }

    async fn send_until_acknowledged(&self, body: &Value) -> String {
        let mut address = self.address.clone();
        loop {
            let url = format!("http://{}/api/v1/web/ingestion/webhook", *address.borrow_and_update());
            match self.client.post(&url).json(body).send().await {
                Ok(response) if response.status() == 200 => {
                    let id = response.headers()["x-openwhisk-activation-id"].to_str().unwrap();
                    return id.to_owned();
                }
                Ok(response) => panic!("an event was refused with {}", response.status()),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    async fn reach(&self, count: usize) {
        while self.acknowledged.load(Ordering::SeqCst) < count {
            self.progress.notified().await;
        }
    }
}

/// The event's id in the calls that Commerce took has hyphens, the activation's has none.
fn event_ids(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| call.event_id.clone().unwrap_or_default().replace('-', "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_nothing_and_keep_the_order() {
    let (sandbox, commerce) = commerce().await;
    let project = Project::new()
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", &commerce)
        .with("COMMERCE_ACCESS_TOKEN", TOKEN)
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/")
        .with("KIT_DELIVERIES_AT_ONCE", &AT_ONCE.to_string())
        .with("KIT_RETRY_DELAYS", "50ms");
    let mut kit = project.start(&["serve"]);
    let (address, addresses) = watch::channel(kit.address.clone());
    let load = Arc::new(Load {
        address: addresses,
        acknowledged: AtomicUsize::new(0),
        progress: Notify::new(),
        client: reqwest::Client::new(),
    });
    let senders: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(Arc::clone(&load).send(sender))).collect();
    for kill in 1..=KILLS {
        // Spread over the load; the moment within a batch is left to chance.
        load.reach(kill * SENDERS * EVENTS_PER_SENDER / (KILLS + 1)).await;
        kit.kill();
        kit = project.start(&["serve"]);
        address.send_replace(kit.address.clone());
    }
    let mut sent = Vec::new();
    for sender in senders {
        sent.push(sender.await.unwrap());
    }
    check(&kit, &sandbox, &sent).await;
    assert_eq!(kit.terminate(), Some(0));
}

async fn check(kit: &Server, sandbox: &Sandbox, sent: &[Vec<String>]) {
    let acknowledged: HashSet<&String> = sent.iter().flatten().collect();
    assert_eq!(acknowledged.len(), SENDERS * EVENTS_PER_SENDER, "every event has an id of its own");
    kit.until("delivery of everything acknowledged", || async {
        let called: HashSet<String> = event_ids(&sandbox.calls()).into_iter().collect();
        acknowledged.iter().all(|id| called.contains(*id)).then_some(())
    })
    .await;

    let calls = event_ids(&sandbox.calls());
    let mut first = HashMap::new();
    for (position, id) in calls.iter().enumerate() {
        assert!(acknowledged.contains(id), "an event that nobody sent had an effect");
        first.entry(id.clone()).or_insert(position);
    }
    for (sender, ids) in sent.iter().enumerate() {
        assert!(ids.is_sorted_by_key(|id| first[id]), "the events of SKU-{sender} overtook each other");
        let product = sandbox.product(&format!("SKU-{sender}")).unwrap();
        assert_eq!(product["name"], format!("Name {}", EVENTS_PER_SENDER - 1), "the last event is the last effect");
    }
    let repeated = calls.len() - first.len();
    assert!(repeated <= KILLS * AT_ONCE, "{repeated} calls were repeated by {KILLS} kills");
}
