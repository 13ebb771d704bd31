use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use egress::{Allowance, Gate};
use engine::{Arrivals, Clock, Routes, RoutesHandle, Schemas};
use events_api::{Identity, Options, Parts, Service, credentials};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use server::BodyRules;
use store::{Credential, Interest, Provider, Registration, RegistrationHealth, Sqlite, Store, Verification};
use tempfile::TempDir;
use testkit::ManualClock;

use crate::face::{ask, wait};

pub(crate) const ORGANIZATION: &str = "1234567";
pub(crate) const JOURNAL: &str = "7c4d0b5e-54d1-4f6a-9f0c-6f6f0d6f8f11";
const PROVIDER: &str = "4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55";
const CODE: &str = "com.acme.order.created";

/// An events service with a journal of some events.
pub(crate) struct World {
    pub router: Router,
    pub credential: Credential,
    pub token: String,
    _folder: TempDir,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| wait(open()).filled());

async fn open() -> World {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let opened = Sqlite::open(&store::Options::in_folder(folder.path().join("data")));
    let store: Arc<dyn Store> = Arc::new(opened.expect("a store can be made"));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let (credential, secret) = credentials::create("shop", clock.now());
    store.put_credential(credential.clone()).await.expect("a credential is stored");
    store.put_provider(provider()).await.expect("a provider is stored");
    store.put_registration(journal(&credential, &*clock)).await.expect("a registration is stored");
    let routes = RoutesHandle::default();
    routes.set(Routes::new(store.catalogue().await.expect("the catalogue is read")));
    let schemas = Arc::new(Schemas::new(&[]));
    let arrivals = Arrivals::new(schemas, routes.clone(), Arc::clone(&store), Arc::clone(&clock));
    let parts = Parts { store, routes, arrivals: Arc::new(arrivals) };
    let service = Service::open(identity(), options(), parts, clock).await.expect("a service can be opened");
    World { router: service.router(), token: secret_of(&secret), credential, _folder: folder }
}

fn secret_of(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}

impl World {
    /// Gets a token for the secret, and publishes.
    fn filled(mut self) -> Self {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=adobeio_api",
            self.credential.client_id, self.token
        );
        let request = Request::post("/ims/token/v3").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = ask(&self.router, request.body(Body::from(form)).expect("a request"));
        let answer: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
        answer["access_token"].as_str().expect("a token").clone_into(&mut self.token);
        for number in 0..5 {
            let event = json!({
                "specversion": "1.0", "id": number.to_string(), "source": format!("urn:uuid:{PROVIDER}"),
                "type": CODE, "datacontenttype": "application/json", "data": {"order": number},
            });
            let request = self.signed(Request::post("/").header(CONTENT_TYPE, "application/cloudevents+json"));
            let answer = ask(&self.router, request.body(Body::from(event.to_string())).expect("a request"));
            assert!(answer.status.is_success(), "{}", answer.status);
        }
        self
    }

    pub fn signed(&self, request: http::request::Builder) -> http::request::Builder {
        request.header(AUTHORIZATION, format!("Bearer {}", self.token)).header("x-api-key", &self.credential.client_id)
    }
}

fn options() -> Options {
    Options {
        base_url: "https://events.example.com".to_owned(),
        takes_plain_http: false,
        ingress_limit: None,
        sends_deprecated_members: true,
        egress: Gate::new(Allowance::default()),
        bodies: BodyRules::default(),
    }
}

fn identity() -> Identity {
    Identity {
        consumer_id: ORGANIZATION.to_owned(),
        project_id: "22".to_owned(),
        workspace_id: "33".to_owned(),
        ims_org_id: "0123456789ABCDEF01234567@AdobeOrg".to_owned(),
    }
}

fn provider() -> Provider {
    Provider {
        id: PROVIDER.to_owned(),
        label: "Shop".to_owned(),
        description: String::new(),
        docs_url: None,
        provider_metadata: "3rd_party_custom_events".to_owned(),
        instance_id: "shop-1".to_owned(),
        data_residency_region: Provider::REGION.to_owned(),
    }
}

fn journal(credential: &Credential, clock: &dyn Clock) -> Registration {
    Registration {
        id: 0,
        registration_id: JOURNAL.to_owned(),
        client_id: credential.client_id.clone(),
        name: "journal".to_owned(),
        description: String::new(),
        delivery_type: "journal".to_owned(),
        runtime_action: None,
        webhook_url: None,
        verification: Verification::Verified,
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: vec![Interest { provider_id: PROVIDER.to_owned(), event_code: CODE.to_owned() }],
        subscriber_filters: Vec::new(),
        created_date: clock.now(),
        updated_date: clock.now(),
    }
}
