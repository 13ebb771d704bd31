//! A service on a store in a temporary folder, and somebody who calls it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use egress::{Allowance, Gate};
use engine::{Arrivals, Clock, Routes, RoutesHandle, Schemas};
use events_api::{Identity, Options, Parts, Service, credentials};
use http::{HeaderMap, Request};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use server::BodyRules;
use store::{Credential, Registration, RegistrationHealth, Sqlite, Store, Verification};
use tempfile::TempDir;
use testkit::ManualClock;
use tower::ServiceExt;

pub const BASE: &str = "http://kit.example";
pub const ORG: &str = "/events/12345";
pub const WORKSPACE: &str = "/events/12345/67890/13579";
pub const REGISTRATIONS: &str = "/events/12345/67890/13579/registrations";
pub const IMS_ORG: &str = "0123456789abcdef01234567@AdobeOrg";

const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: ManualClock,
    pub arrivals: Arc<Arrivals>,
    pub credential: Credential,
    token: String,
    pub service: Router,
    /// What carries jobs out that enable registrations.
    pub enabler: Service,
    _folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Plain::Taken).await
    }

    pub async fn with(plain: Plain) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = Sqlite::open(&store::Options {
            dedupe_window: Duration::from_hours(48),
            ..store::Options::in_folder(folder.path().join("data"))
        });
        let store: Arc<dyn Store> = Arc::new(opened.unwrap());
        let clock = ManualClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let routes = RoutesHandle::default();
        routes.set(Routes::new(store.catalogue().await.unwrap()));
        let arrivals =
            Arrivals::new(Arc::new(Schemas::new(&[])), routes.clone(), Arc::clone(&store), Arc::clone(&shared));
        let arrivals = Arc::new(arrivals);
        let (credential, secret) = credentials::create("shop", clock.now());
        store.put_credential(credential.clone()).await.unwrap();
        let identity = Identity {
            consumer_id: "12345".to_owned(),
            project_id: "67890".to_owned(),
            workspace_id: "13579".to_owned(),
            ims_org_id: IMS_ORG.to_owned(),
        };
        let options = Options {
            base_url: BASE.to_owned(),
            takes_plain_http: plain == Plain::Taken,
            ingress_limit: None,
            sends_deprecated_members: false,
            egress: Gate::new(Allowance::of_loopback()),
            bodies: BodyRules::default(),
        };
        let parts = Parts { store: Arc::clone(&store), routes, arrivals: Arc::clone(&arrivals) };
        let enabler = Service::open(identity, options, parts, shared).await.unwrap();
        let service = enabler.router();
        let token = token(&service, &credential.client_id, secret.expose_secret()).await;
        Self { store, clock, arrivals, credential, token, service, enabler, _folder: folder }
    }

    pub fn client_id(&self) -> &str {
        &self.credential.client_id
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path), "").await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path), "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.write("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.write("PUT", path, body).await
    }

    pub async fn patch(&self, path: &str, operations: &Value) -> Answer {
        let request = self.request("PATCH", path).header("content-type", "application/json-patch+json");
        self.send(request, &operations.to_string()).await
    }

    pub async fn write(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request, &body.to_string()).await
    }

    /// A request of somebody who may.
    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        self.request_as(method, path, self.client_id())
    }

    /// The same with any `x-api-key`.
    pub fn request_as(&self, method: &str, path: &str, key: &str) -> http::request::Builder {
        bare(method, path).header("authorization", format!("Bearer {}", self.token)).header("x-api-key", key)
    }

    pub async fn send(&self, request: http::request::Builder, body: &str) -> Answer {
        answer(&self.service, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A provider of the label; its id.
    pub async fn provider(&self, label: &str) -> String {
        let made = self.post(&format!("{WORKSPACE}/providers"), &json!({"label": label})).await;
        made.is(201)["id"].as_str().unwrap().to_owned()
    }

    pub async fn event(&self, provider: &str, code: &str) {
        let body = json!({"event_code": code, "label": code, "description": code});
        self.post(&format!("{WORKSPACE}/providers/{provider}/eventmetadata"), &body).await.is(201);
    }

    /// A provider with the event `order.created`.
    pub async fn orders(&self) -> String {
        let provider = self.provider("Orders").await;
        self.event(&provider, "order.created").await;
        provider
    }

    /// The least that makes a registration for `order.created`.
    pub fn draft(&self, name: &str, provider: &str) -> Value {
        json!({
            "client_id": self.client_id(),
            "name": name,
            "delivery_type": "webhook",
            "runtime_action": "order/consumer",
            "events_of_interest": [{"provider_id": provider, "event_code": "order.created"}],
        })
    }

    pub async fn register(&self, draft: &Value) -> String {
        let made = self.post(REGISTRATIONS, draft).await;
        made.is(201)["registration_id"].as_str().unwrap().to_owned()
    }

    pub async fn stored(&self, registration_id: &str) -> Registration {
        let catalogue = self.store.catalogue().await.unwrap();
        catalogue.registrations.into_iter().find(|other| other.registration_id == registration_id).unwrap()
    }

    /// Registrations that come past the API.
    pub async fn seed(&self, count: usize, client_id: &str) {
        let puts = (0..count).map(|number| {
            self.store.put_registration(Registration {
                id: 0,
                registration_id: format!("seeded-{client_id}-{number}"),
                client_id: client_id.to_owned(),
                name: format!("Seeded {client_id} {number}"),
                description: String::new(),
                delivery_type: "journal".to_owned(),
                runtime_action: None,
                webhook_url: None,
                verification: Verification::Verified,
                enabled: true,
                health: RegistrationHealth::Active,
                events_of_interest: Vec::new(),
                subscriber_filters: Vec::new(),
                created_date: self.clock.now(),
                updated_date: self.clock.now(),
            })
        });
        let mut puts: Vec<_> = puts.collect();
        while !puts.is_empty() {
            let some: Vec<_> = puts.drain(..puts.len().min(256)).collect();
            for put in futures_util::future::join_all(some).await {
                put.unwrap();
            }
        }
    }
}

/// What the service does about webhooks without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    Taken,
    Refused,
}

pub fn bare(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

async fn token(router: &Router, client_id: &str, secret: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}&scope=adobeio_api");
    let request = bare("POST", "/ims/token/v3").header("content-type", "application/x-www-form-urlencoded");
    let answer = answer(router, request.body(Body::from(form)).unwrap()).await;
    answer.is(200)["access_token"].as_str().unwrap().to_owned()
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let what = format!("{} {}", request.method(), request.uri());
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Answer { what, status, headers, text, body }
}

#[derive(Debug)]
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{} answers {}", self.what, self.text);
        &self.body
    }

    /// A refusal in the API's own shape, whose message says this.
    #[track_caller]
    pub fn is_refused(&self, status: u16, because: &str) {
        let body = self.is(status);
        let message = body["message"].as_str().unwrap_or_default();
        assert!(message.contains(because), "{}: `{message}` does not say `{because}`", self.what);
        let reason = body["reason"].as_str().unwrap_or_default();
        let id = self.header("x-request-id").unwrap_or_default();
        assert!(!id.is_empty() && reason.ends_with(&format!(". Request id: {id}.")), "{}: {reason}", self.what);
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
