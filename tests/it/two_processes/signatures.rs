//! Deliveries of the events service to a receiver that checks them as any receiver of Adobe's does.

use std::sync::{Arc, Mutex};

use adobe::{Clock, EventsSender, EventsSenderSettings, Transport};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::routing::any;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{EventsService, Store, all_have_effect, event_id, to_webhook};
use crate::support::{PRODUCT_CREATE, pool, product};

/// A service that has not noticed a change after so many has not noticed it at all.
const DELIVERIES_MAX: usize = 10_000;

type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A webhook that wants everything.
pub(super) struct Receiver {
    pub(super) url: String,
    received: Received,
}

impl Receiver {
    pub(super) async fn open() -> Self {
        let received = Received::default();
        let router = Router::new().fallback(any(receive)).with_state(Arc::clone(&received));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, received }
    }

    fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    fn last(&self) -> (HeaderMap, Bytes) {
        self.received.lock().unwrap().last().unwrap().clone()
    }
}

async fn receive(State(received): State<Received>, query: RawQuery, headers: HeaderMap, body: Bytes) -> String {
    if let Some(challenge) = query.0.unwrap_or_default().strip_prefix("challenge=") {
        return challenge.to_owned();
    }
    received.lock().unwrap().push((headers, body));
    String::new()
}

/// As a receiver is set up that has never heard of this events service before.
fn sender(service: &EventsService) -> EventsSender {
    let settings = EventsSenderSettings {
        keys_url: service.url("/"),
        management_url: service.url("/events/"),
        hmac_secrets: Vec::new(),
        transport: Transport::PlainToo,
    };
    EventsSender::new(&settings, pool(), Clock::system()).unwrap()
}

/// Publishes an event and waits for its delivery.
pub(super) async fn delivery(
    service: &EventsService,
    receiver: &Receiver,
    provider: &Value,
    id: &str,
) -> (HeaderMap, Bytes) {
    let before = receiver.count();
    let event = json!({
        "specversion": "1.0", "id": id, "source": format!("urn:uuid:{}", provider.as_str().unwrap()),
        "type": PRODUCT_CREATE, "data": {"sku": id, "name": "Größe", "price": 1, "description": "d"},
    });
    let request = service.server().client.post(service.url("/")).bearer_auth(service.token().await);
    let request = request.header("x-api-key", service.variable("OAUTH_CLIENT_ID"));
    let request = request.header("content-type", "application/cloudevents+json").body(event.to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
    service.server().until("the delivery", || async { (receiver.count() > before).then_some(()) }).await;
    receiver.last()
}

fn paths(headers: &HeaderMap) -> [String; 2] {
    [1, 2].map(|number| headers[&format!("x-adobe-public-key{number}-path")].to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_signed_and_their_keys_rotate_while_the_service_runs() {
    let (service, receiver) = (EventsService::start(), Receiver::open().await);
    let registration = service.register(&json!({"delivery_type": "webhook", "webhook_url": receiver.url})).await;
    assert_eq!(registration["webhook_status"], "verified");
    let provider = &registration["events_of_interest"][0]["provider_id"];
    assert_eq!(service.printed("signing-key", &["list"]), json!([]));

    let (headers, body) = delivery(&service, &receiver, provider, "1").await;
    let before = sender(&service);
    before.check(&headers, &body).await.unwrap();
    assert!(before.check(&headers, &[&body[..], b" "].concat()).await.is_err());
    let [first, second] = paths(&headers);
    let listed = service.printed("signing-key", &["list"]);
    assert_eq!((&listed[0]["path"], &listed[1]["path"]), (&json!(first), &json!(second)), "{listed}");
    assert!(service.server().log().contains("the keys that sign deliveries were made"));

    // Within a second the running service signs with the new key; who was served the old ones goes on.
    let new = service.printed("signing-key", &["rotate"]);
    let rotated = async |wanted: &Value| {
        for _ in 0..DELIVERIES_MAX {
            let (headers, body) = delivery(&service, &receiver, provider, &uuid::Uuid::new_v4().to_string()).await;
            if paths(&headers).iter().any(|path| path == wanted) {
                return (headers, body);
            }
        }
        panic!("{wanted} signs nothing");
    };
    let (headers, body) = rotated(&new["path"]).await;
    assert_eq!(paths(&headers), [second.clone(), new["path"].as_str().unwrap().to_owned()]);
    before.check(&headers, &body).await.unwrap();
    sender(&service).check(&headers, &body).await.unwrap();
    let get = async |path: &str| service.server().get(path).await;
    assert!(get(&first).await.text.starts_with("-----BEGIN PUBLIC KEY-----\n"), "it is still served");

    let revoked = listed[1]["id"].as_str().unwrap();
    let another = service.printed("signing-key", &["revoke", revoked]);
    let (headers, body) = rotated(&json!(format!("/prod/keys/pub-key-{}.pem", another["id"].as_str().unwrap()))).await;
    sender(&service).check(&headers, &body).await.unwrap();
    assert_eq!(get(&second).await.status, 404);
    service.printed("signing-key", &["revoke", listed[0]["id"].as_str().unwrap()]);
    service
        .server()
        .until("the retired key to be gone", || async { (get(&first).await.status == 404).then_some(()) })
        .await;
    service.check_refused("signing-key", &["revoke", revoked], "`kit signing-key list` shows those there are");
    service.check_refused("signing-key", &["revoke", "none"], "there is no key `none`");

    // Commands that run at the same time lose nothing of each other's.
    let rotations = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| service.printed("signing-key", &["rotate"]))).collect();
        all.into_iter().map(|one| one.join().unwrap()["id"].clone()).collect::<Vec<Value>>()
    });
    let listed = service.printed("signing-key", &["list"]);
    let listed: Vec<&Value> = listed.as_array().unwrap().iter().map(|key| &key["id"]).collect();
    assert!(listed.len() == 6 && rotations.iter().all(|id| listed.contains(&id)), "{rotations:?} {listed:?}");
    let log = service.server().log();
    assert!(!log.contains("PRIVATE") && !log.contains("Größe"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kit_goes_on_believing_while_both_keys_are_replaced() {
    let (store, service) = (Store::open().await, EventsService::start());
    let kit = service.publisher(&store).with("KIT_JOURNAL", "none").start(&["serve"]);
    service.register(&to_webhook(&kit)).await;
    for number in 0..4 {
        let answer = kit.send(&number.to_string(), PRODUCT_CREATE, &product(&format!("SKU-{number}"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        all_have_effect(&kit, &store, &[event_id(&answer)]).await;
        let new = service.printed("signing-key", &["rotate"])["path"].as_str().unwrap().to_owned();
        let is_noticed = async || (service.server().get(&new).await.status == 200).then_some(());
        service.server().until("the new key to count", is_noticed).await;
    }
    assert_eq!(store.calls().len(), 4);
    assert_eq!(kit.terminate(), Some(0));
}
