//! One server that plays everybody: IMS, the events API, the way back to the kit, Commerce, and the back office.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use engine::slug;
use onboarding::{Desired, EventMetadata, Provider, Registration};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const SCOPES: &str = "AdobeID,openid,read_organizations,additional_info.projectedProductContext,additional_info.roles,\
                      adobeio_api,read_client_secret,manage_client_secrets";

pub const CLIENT_ID: &str = "doctor-client";

/// What every registration of the kit's own files wants of Commerce.
pub const SUBSCRIBED: [&str; 8] = [
    "observer.catalog_product_delete_commit_after",
    "observer.catalog_product_save_commit_after",
    "observer.customer_save_commit_after",
    "observer.customer_delete_commit_after",
    "observer.customer_group_save_commit_after",
    "observer.customer_group_delete_commit_after",
    "observer.sales_order_save_commit_after",
    "observer.cataloginventory_stock_item_save_commit_after",
];

/// An answer; `{challenge}` in its body is the challenge of the query, `{host}` the address of this server.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json")], body: body.to_string() }
    }

    pub fn page(status: u16) -> Self {
        let body = "<html><title>Please log in</title></html>".to_owned();
        Self { status, headers: vec![("content-type", "text/html")], body }
    }

    pub fn text(body: &str) -> Self {
        Self { status: 200, headers: vec![("content-type", "text/plain")], body: body.to_owned() }
    }

    fn at(mut self, address: &str) -> Self {
        self.body = self.body.replace("{host}", address);
        self
    }

    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// For paths that begin like this.
pub type Answers = Vec<(&'static str, Reply)>;

pub struct StandIn {
    pub address: String,
    serving: JoinHandle<std::io::Result<()>>,
}

impl StandIn {
    /// The first answer counts whose path fits; without one it is 404.
    pub async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answers = answers.into_iter().map(|(path, reply)| (path, reply.at(&address))).collect();
        let router = Router::new().fallback(answer).with_state(Arc::new(answers));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Nobody listens there from now on; the address.
    pub async fn gone(self) -> String {
        self.serving.abort();
        assert!(self.serving.await.unwrap_err().is_cancelled());
        self.address
    }
}

async fn answer(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let challenge = query.strip_prefix("challenge=").unwrap_or_default();
    let missing = Reply::json(404, &json!({"message": "Request does not match any route."}));
    let reply = answers.iter().find(|(begin, _)| path.starts_with(begin)).map_or(missing, |(_, reply)| reply.clone());
    let response = Response::builder().status(reply.status);
    let response = reply.headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
    response.body(Body::from(reply.body.replace("{challenge}", challenge))).unwrap()
}

/// A token of IMS with these scopes.
pub fn granted(scopes: &str) -> Reply {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(json!({"type": "access_token", "scope": scopes}).to_string());
    let token = format!("e30.{payload}.c2lnbmF0dXJlLW9mLXRoZS1kb2N0b3I");
    crate::watch::of_test().give("access token", &token);
    Reply::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": 86_399}))
}

/// What onboarding makes of the kit's own files.
pub fn onboarded(change: impl Fn(&mut Value)) -> Answers {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("onboarding/config");
    let desired = Desired::load(&folder, "local").unwrap();
    let list = |name: &str, items: Vec<Value>| Reply::json(200, &json!({"_embedded": {name: items}}));
    let metadata = |key: &str| {
        let of_provider = desired.metadata.iter().filter(|metadata| metadata.provider_key == key);
        list("eventmetadata", of_provider.map(shown_metadata).collect())
    };
    let registrations = desired.registrations.iter().map(shown_registration).map(|mut shown| {
        change(&mut shown);
        shown
    });
    vec![
        ("/events/11/22/33/registrations", list("registrations", registrations.collect())),
        ("/events/11/providers", list("providers", desired.providers.iter().map(shown_provider).collect())),
        ("/events/providers/p-commerce/", metadata("commerce")),
        ("/events/providers/p-backoffice/", metadata("backoffice")),
    ]
}

fn shown_provider(provider: &Provider) -> Value {
    let Provider { key, label, description, docs_url, provider_metadata } = provider;
    json!({
        "id": format!("p-{key}"), "label": label, "description": description, "docs_url": docs_url,
        "provider_metadata": provider_metadata, "instance_id": key,
    })
}

fn shown_metadata(metadata: &EventMetadata) -> Value {
    let sample = json!({"sample_event": {"sample_payload": metadata.sample_event_template}});
    json!({
        "event_code": metadata.event_code, "label": metadata.label, "description": metadata.description,
        "_embedded": sample,
    })
}

fn shown_registration(registration: &Registration) -> Value {
    let events: Vec<Value> = registration
        .events
        .iter()
        .map(|event| json!({"provider_id": format!("p-{}", event.provider_key), "event_code": event.event_code}))
        .collect();
    json!({
        "id": 1, "registration_id": slug(&registration.name), "client_id": CLIENT_ID, "name": registration.name,
        "description": registration.description, "delivery_type": "webhook",
        "webhook_url": format!("http://{{host}}/webhooks/{}", slug(&registration.name)), "webhook_status": "verified",
        "events_of_interest": events, "enabled": true,
    })
}

/// Everything as it should be.
pub fn healthy() -> Answers {
    let events: Vec<Value> = SUBSCRIBED.iter().map(|name| json!({"name": name, "destination": "default"})).collect();
    let others = vec![
        ("/ims/token/v3", granted(SCOPES)),
        ("/webhooks/", Reply::text("{challenge}")),
        ("/rest/V1/products", Reply::json(200, &json!({"items": [], "total_count": 0}))),
        ("/rest/V1/eventing/getEventSubscriptions", Reply::json(200, &events.into())),
        ("/rest/V1/adobe_io_events/check_configuration", Reply::json(200, &json!({"status": "ok"}))),
        ("/magento_version", Reply::text("Magento/2.4 (Enterprise)")),
    ];
    [others, onboarded(|_| ())].concat()
}
