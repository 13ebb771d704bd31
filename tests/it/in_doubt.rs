//! Calls whose answer is lost, against the sandbox: however often an event is tried, it has one effect.

use std::sync::{Arc, Mutex};

use adobe::{Bearer, Clock, Commerce, Governor, Limits};
use sandbox::{OrderItem, Sandbox};
use sdk::{Entry, Event, Fate};
use serde_json::{Value, json};
use testkit::FakeMemory;
use tokio::net::TcpListener;

use crate::support::pool;

const TOKEN: &str = "token-of-the-doubtful";
const BEFORE: &str = "before";
const AFTER: &str = "after";

/// A sandbox with a witness that counts the changes of each event, and a memory that outlives the attempts.
struct World {
    sandbox: Sandbox,
    changed: Arc<Mutex<Vec<String>>>,
    base_url: String,
    memory: FakeMemory,
    server: tokio::task::JoinHandle<()>,
}

impl World {
    async fn start() -> Self {
        let (sandbox, changed) = (Sandbox::new(TOKEN.to_owned()), Arc::<Mutex<Vec<String>>>::default());
        let seen = Arc::clone(&changed);
        sandbox.witnessed_by(move |effect| {
            if effect.is_changed {
                seen.lock().unwrap().push(effect.event_id.unwrap_or_default().to_owned());
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/sandbox/commerce/rest/", listener.local_addr().unwrap());
        let router = sandbox.router();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { sandbox, changed, base_url, memory: FakeMemory::new(), server }
    }

    fn commerce(&self) -> Commerce {
        let governor = Governor::new("in doubt", Limits::default(), Clock::system());
        let bearer = Arc::new(Bearer::new(TOKEN.to_owned().into()));
        Commerce::new(pool(), &self.base_url, bearer, governor)
    }

    async fn attempt(&self, function: &str, event: &Event, is_in_doubt: bool) -> (Fate, String) {
        let Some(Entry::Event(action)) = actions::table().into_entries().remove(function) else {
            panic!("{function} handles no events");
        };
        let bench = testkit::context().commerce(self.commerce()).memory(self.memory.clone());
        let bench = if is_in_doubt { bench.in_doubt() } else { bench };
        let answer = bench.run(&*action, event).await;
        (answer.fate, answer.result.to_string())
    }

    /// Carries an event whose first call is cut before or after its effect, and a second time to be sure.
    async fn carry(&self, function: &str, (id, data): (&str, &Value), cut: &str) {
        let event = Event { id: id.to_owned(), time: jiff::Timestamp::now(), ..testkit::event("", data) };
        let writes = if function.ends_with("deleted") { "DELETE" } else { "POST" };
        self.sandbox.add_fault(&json!({"cut": cut, "method": writes})).unwrap();
        let first = self.attempt(function, &event, false).await;
        assert_eq!(first.0, Fate::Unknown { after: None }, "{function} {id} {}", first.1);
        for _ in 0..2 {
            let again = self.attempt(function, &event, true).await;
            assert_eq!(again.0, Fate::Done, "{function} {id} {}", again.1);
        }
        let count = self.changed.lock().unwrap().iter().filter(|changed| *changed == id).count();
        assert_eq!(count, 1, "{function}: the changes of {id}, cut {cut} its effect");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tokio::test]
async fn customers_and_groups_come_and_go_once() {
    let world = World::start().await;
    for (number, cut) in [(1, BEFORE), (2, AFTER)] {
        let created = json!({"name": "Mara", "lastname": "Quist", "email": format!("Mara{number}@example.com")});
        world.carry("customer/external/created", (&format!("customer-{number}"), &created), cut).await;
        let gone = json!({"id": 123 + number});
        world.carry("customer/external/deleted", (&format!("gone-{number}"), &gone), cut).await;
        let group = json!({"name": format!("North {number}"), "taxClassId": 3});
        world.carry("customer/external/group_created", (&format!("group-{number}"), &group), cut).await;
        let gone = json!({"id": 19 + number});
        world.carry("customer/external/group_deleted", (&format!("group-gone-{number}"), &gone), cut).await;
    }
}

#[tokio::test]
async fn like_shipments_of_different_events_are_made_each_once() {
    let world = World::start().await;
    let item = OrderItem { id: 7_001, sku: "PART".to_owned(), quantity: 6 };
    world.sandbox.put_order(7_000, &[item]).unwrap();
    let shipment = json!({
        "orderId": 7_000, "items": [{"orderItemId": 7_001, "qty": 1}], "tracks": [],
        "comment": {"comment": "", "visibleOnFront": false}, "stockSourceCode": "default",
    });
    for (number, cut) in [AFTER, BEFORE, AFTER, AFTER, BEFORE, BEFORE].into_iter().enumerate() {
        world.carry("order/external/shipment_created", (&format!("shipment-{number}"), &shipment), cut).await;
    }
    assert_eq!(world.sandbox.document("orders/7000").unwrap()["state"], "complete");
}

#[tokio::test]
async fn like_comments_of_different_events_are_added_each_once() {
    let world = World::start().await;
    let cuts = [AFTER, BEFORE, AFTER, AFTER, BEFORE, BEFORE];
    let statuses = ["picked", "picked", "processing", "picked", "picked", "picked"];
    for (number, (cut, status)) in cuts.into_iter().zip(statuses).enumerate() {
        let updated = json!({"id": 8, "status": status});
        world.carry("order/external/updated", (&format!("status-{number}"), &updated), cut).await;
    }
    let order = world.sandbox.document("orders/8").unwrap();
    let said = order["status_histories"].as_array().unwrap().iter().rev().map(|history| history["status"].clone());
    assert_eq!(said.collect::<Vec<_>>(), statuses);
}
