use std::sync::{Arc, Mutex};
use std::time::Duration;

use egress::{Allowance, Gate};
use engine::{Arrivals, Clock, Routes, RoutesHandle, Schemas};
use events_api::{Identity, Options, Parts, Service, credentials};
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use server::BodyRules;
use store::{Credential, Interest, Provider, Registration, RegistrationHealth, Sqlite, Store, Verification};
use tempfile::TempDir;
use testkit::ManualClock;
use tokio::net::TcpListener;

pub const ORGANIZATION: &str = "1234567";
pub const IMS_ORGANIZATION: &str = "0123456789ABCDEF01234567@AdobeOrg";
pub const PROVIDER: &str = "4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55";
pub const INSTANCE: &str = "shop-1";
pub const CODE: &str = "com.acme.order.created";
/// Nobody is there for it.
pub const UNWANTED: &str = "com.acme.order.deleted";
/// The registration that every world begins with reads its journal.
pub const JOURNAL: &str = "7c4d0b5e-54d1-4f6a-9f0c-6f6f0d6f8f11";
pub const SCOPES: &str = "AdobeID,openid,adobeio_api";

/// A running events service.
pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: ManualClock,
    pub routes: RoutesHandle,
    pub service: Service,
    pub url: String,
    pub http: Client,
    pub credential: Credential,
    pub secret: SecretString,
    token: Mutex<String>,
    pub folder: TempDir,
}

pub fn options() -> Options {
    Options {
        base_url: String::new(),
        takes_plain_http: true,
        ingress_limit: None,
        sends_deprecated_members: true,
        egress: Gate::new(Allowance::of_loopback()),
        bodies: BodyRules::default(),
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(options()).await
    }

    /// With these options, but for the address.
    pub async fn with(options: Options) -> Self {
        Self::with_room(options, 1024 * 1024 * 1024).await
    }

    pub async fn with_room(options: Options, bytes_max: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dedupe_window = Duration::from_hours(48);
        let opened = Sqlite::open(&store::Options {
            dedupe_window,
            bytes_max,
            ..store::Options::in_folder(folder.path().join("data"))
        });
        let store: Arc<dyn Store> = Arc::new(opened.unwrap());
        let clock = ManualClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (credential, secret) = credentials::create("shop", clock.now());
        store.put_credential(credential.clone()).await.unwrap();
        store.put_provider(provider()).await.unwrap();
        store.put_registration(registration(JOURNAL, &credential.client_id)).await.unwrap();
        let routes = RoutesHandle::default();
        let schemas = Arc::new(Schemas::new(&[]));
        let arrivals = Arrivals::new(schemas, routes.clone(), Arc::clone(&store), Arc::clone(&shared));
        let parts = Parts { store: Arc::clone(&store), routes: routes.clone(), arrivals: Arc::new(arrivals) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = Options { base_url: url.clone(), ..options };
        let service = Service::open(identity(), options, parts, shared).await.unwrap();
        let all = service.router();
        tokio::spawn(async move { axum::serve(listener, all).await });
        let http = Client::builder().no_proxy().build().unwrap();
        let token = Mutex::default();
        let world = Self { store, clock, routes, service, url, http, credential, secret, token, folder };
        world.reload().await;
        world.renew().await;
        world
    }

    /// Gets another token; one lives for a day.
    pub async fn renew(&self) {
        let token = self.new_token(&self.secret).await;
        *self.token.lock().unwrap() = token;
    }

    pub fn token(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    /// What was changed in the store counts from now on.
    pub async fn reload(&self) {
        self.routes.set(Routes::new(self.store.catalogue().await.unwrap()));
    }

    pub async fn register(&self, registration: Registration) {
        self.store.put_registration(registration).await.unwrap();
        self.reload().await;
    }

    /// The registration as it is now.
    pub fn registration(&self, id: &str) -> Registration {
        self.routes.get().registration_called(id).unwrap().clone()
    }

    /// The fields of a request for a token that is granted.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", self.credential.client_id.clone()),
            ("client_secret", self.secret.expose_secret().to_owned()),
            ("scope", SCOPES.to_owned()),
        ]
    }

    pub async fn new_token(&self, secret: &SecretString) -> String {
        let mut fields = self.fields();
        secret.expose_secret().clone_into(&mut fields[2].1);
        let answer = self.ask_for_token("/ims/token/v3", &fields).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn ask_for_token(&self, path: &str, fields: &[(&str, String)]) -> Response {
        self.post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields))
            .send()
            .await
            .unwrap()
    }

    /// Without credentials.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.signed(self.http.get(format!("{}{path}", self.url)))
    }

    pub fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token()).header("x-api-key", &self.credential.client_id)
    }

    /// A request that publishes this document.
    pub fn publication(&self, document: impl Into<String>) -> RequestBuilder {
        self.signed(self.post("/")).header("content-type", "application/cloudevents+json").body(document.into())
    }

    /// Publishes an event that is taken.
    pub async fn publish(&self, id: &str) {
        let answer = self.publication(event(id).to_string()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "OK"), "{id}");
    }

    /// The path of the journal that every world begins with.
    pub fn journal(&self) -> String {
        format!("/events/organizations/{ORGANIZATION}/integrations/{}/{JOURNAL}", self.credential.id)
    }

    pub fn traces(&self, registration: &str) -> String {
        format!("/events/organizations/{ORGANIZATION}/integrations/{}/tracing/{registration}", self.credential.id)
    }
}

pub fn identity() -> Identity {
    Identity {
        consumer_id: ORGANIZATION.to_owned(),
        project_id: "22".to_owned(),
        workspace_id: "33".to_owned(),
        ims_org_id: IMS_ORGANIZATION.to_owned(),
    }
}

fn provider() -> Provider {
    Provider {
        id: PROVIDER.to_owned(),
        label: "Shop".to_owned(),
        description: String::new(),
        docs_url: None,
        provider_metadata: "3rd_party_custom_events".to_owned(),
        instance_id: INSTANCE.to_owned(),
        data_residency_region: Provider::REGION.to_owned(),
    }
}

/// A registration that reads its journal; its name is its id.
pub fn registration(id: &str, client_id: &str) -> Registration {
    let now = ManualClock::new().now();
    Registration {
        id: 0,
        registration_id: id.to_owned(),
        client_id: client_id.to_owned(),
        name: id.to_owned(),
        description: String::new(),
        delivery_type: "journal".to_owned(),
        runtime_action: None,
        webhook_url: None,
        verification: Verification::Verified,
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: vec![Interest { provider_id: PROVIDER.to_owned(), event_code: CODE.to_owned() }],
        subscriber_filters: Vec::new(),
        created_date: now,
        updated_date: now,
    }
}

/// A document that is taken.
pub fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": format!("urn:uuid:{PROVIDER}"), "type": CODE,
        "datacontenttype": "application/json", "data": {"order": id},
    })
}

pub fn form(fields: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
