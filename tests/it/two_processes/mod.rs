//! One kit publishes through OAuth to another, which is its events service.

mod ack;
mod dev_elsewhere;
mod doctor;
mod journal;
mod outbound;
mod secrets;
mod signatures;
mod traces;
mod webhook;

use std::net::TcpListener as StdListener;
use std::process::Output;

use sandbox::{Call, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, PRODUCT_CREATE, Project, Server, TOKEN};

/// The registration of the kit's own settings that takes product events.
const REGISTRATION: &str = "Backoffice Product Sync";
const SLUG: &str = "backoffice-product-sync";

/// A Commerce store outside both processes.
pub struct Store {
    pub sandbox: Sandbox,
    url: String,
}

impl Store {
    pub async fn open() -> Self {
        let sandbox = Sandbox::new(TOKEN.to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sandbox/commerce/rest/", listener.local_addr().unwrap());
        let router = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { sandbox, url }
    }

    /// The calls that changed something, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.sandbox.calls()
    }

    /// The ids of the events that had an effect, in order.
    fn event_ids(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.event_id.clone().unwrap_or_default()).collect()
    }
}

/// The process that is the events service, and the client that it has.
pub struct EventsService {
    pub project: Project,
    address: String,
    client: Vec<(String, String)>,
    server: Option<Server>,
}

impl EventsService {
    /// Makes a client, and starts on an address that stays the same; the kit's providers and their events are there.
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        let service = Self::start_empty(settings);
        // Without an action nobody registers.
        let project = service.client_of(Project::new());
        project.write("app.config.yaml", "application: {runtimeManifest: {packages: {}}}");
        let onboarded = project.run(&["onboard"]);
        assert!(onboarded.status.success(), "{onboarded:?}");
        service
    }

    /// As it is before anybody onboards.
    pub fn start_empty(settings: &[(&str, &str)]) -> Self {
        let address = free_address();
        let project = Project::new()
            .with("KIT_ROLE", "events-service")
            .with("KIT_BIND", &address)
            .with("KIT_EVENTS_PLAIN_HTTP", "accepted")
            .with("KIT_RETRY_DELAYS", "50ms");
        let project = settings.iter().fold(project, |project, (name, value)| project.with(name, value));
        let created = project.run(&["credential", "create", "shop"]);
        let client = variables(&created);
        let server = Some(project.start(&["serve"]));
        Self { project, address, client, server }
    }

    /// `kit dev` as an events service: with a sandbox Commerce and ERP beside it, and nothing onboarded.
    pub fn start_dev() -> Self {
        let address = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let client = [
            ("OAUTH_CLIENT_ID", "client-of-the-circle"),
            ("OAUTH_CLIENT_SECRET", "secret-of-the-circle-1f3a9c"),
            ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg"),
            ("IO_CONSUMER_ID", "1001"),
            ("IO_PROJECT_ID", "2002"),
            ("IO_WORKSPACE_ID", "3003"),
        ];
        let client = client.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let project = Project::new()
            .with("KIT_ROLE", "events-service")
            .with("KIT_BIND", &address)
            .with("KIT_SANDBOX_EVENTS", "")
            .with("KIT_RETRY_DELAYS", "50ms");
        let project = client.iter().fold(project, |project, (name, value)| project.with(name, value));
        let server = Some(project.start(&["dev"]));
        Self { project, address, client, server }
    }

    /// A project that is a client of this service, and whose Commerce and back office are the sandbox beside it.
    pub fn client_of_sandbox(&self, project: Project) -> Project {
        let settings = [
            ("COMMERCE_BASE_URL", &*self.url("/sandbox/commerce/rest/")),
            ("COMMERCE_ACCESS_TOKEN", TOKEN),
            ("COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID", "shop"),
            ("KIT_BACKOFFICE_URL", &*self.url("/sandbox/erp/")),
            ("KIT_INGESTION_AUTH", "none"),
            ("KIT_RETRY_DELAYS", "50ms"),
            ("KIT_JOURNAL_INTERVAL", "50ms"),
        ];
        settings.into_iter().fold(self.client_of(project), |project, (name, value)| project.with(name, value))
    }

    /// Puts the Console's download into the project's folder.
    pub async fn download_workspace(&self, project: &Project) {
        let request = self.server().client.get(self.url("/sandbox/workspace.json")).bearer_auth(TOKEN);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        project.write("onboarding/config/workspace.json", &answer.text().await.unwrap());
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    fn start_again(&mut self) {
        self.server = Some(self.project.start(&["serve"]));
    }

    pub fn variable(&self, name: &str) -> &str {
        &self.client.iter().find(|(known, _)| known == name).unwrap().1
    }

    /// The settings of a kit that publishes here, with its own storage.
    pub fn publisher(&self, store: &Store) -> Project {
        let settings = [
            ("KIT_INGESTION_AUTH", "none"),
            ("COMMERCE_BASE_URL", store.url.as_str()),
            ("COMMERCE_ACCESS_TOKEN", TOKEN),
            ("KIT_BACKOFFICE_URL", "http://127.0.0.1:9/"),
            ("KIT_RETRY_DELAYS", "50ms"),
            ("KIT_JOURNAL_INTERVAL", "50ms"),
        ];
        settings.into_iter().fold(self.client_of(Project::new()), |project, (name, value)| project.with(name, value))
    }

    /// The project as a client of this service.
    pub fn client_of(&self, project: Project) -> Project {
        let settings = [
            ("KIT_EVENTS_API", "adobe"),
            ("KIT_EVENTS_INGRESS_URL", &*self.url("/")),
            ("IO_MANAGEMENT_BASE_URL", &*self.url("/events/")),
            ("OAUTH_BASE_URL", &*self.url("/ims/token/")),
        ];
        let client = self.client.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        settings.into_iter().chain(client).fold(project, |project, (name, value)| project.with(name, value))
    }

    async fn token(&self) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=openid,adobeio_api",
            self.variable("OAUTH_CLIENT_ID"),
            self.variable("OAUTH_CLIENT_SECRET"),
        );
        let request = self.server().client.post(self.url("/ims/token/v3")).body(form);
        let answer = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn ask(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(path) };
        let request = self.server().client.request(method, url).bearer_auth(self.token().await);
        let request = request.header("x-api-key", self.variable("OAUTH_CLIENT_ID"));
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// What a command prints as JSON.
    fn printed(&self, command: &str, arguments: &[&str]) -> Value {
        let output = self.project.run(&[&[command], arguments, &["--json"]].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A command that fails, and what it says.
    fn check_refused(&self, command: &str, arguments: &[&str], hint: &str) {
        let output = self.project.run(&[&[command], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(hint), "{arguments:?}: {said}");
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(reqwest::Method::GET, path, None).await
    }

    /// Registers for product events, as onboarding would; `target` says where they go. Returns the registration.
    async fn register(&self, target: &Value) -> Value {
        let answer = self.ask_to_register(target).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body
    }

    async fn ask_to_register(&self, target: &Value) -> Answer {
        let consumer = self.variable("IO_CONSUMER_ID");
        let providers = self.get(&format!("/events/{consumer}/providers")).await.body;
        let providers = providers["_embedded"]["providers"].as_array().unwrap();
        let provider = providers.iter().find(|provider| provider["label"] == "Backoffice Provider - local").unwrap();
        let mut wanted = json!({
            "client_id": self.variable("OAUTH_CLIENT_ID"),
            "name": REGISTRATION,
            "description": REGISTRATION,
            "events_of_interest": [{"provider_id": provider["id"], "event_code": PRODUCT_CREATE}],
        });
        wanted.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        let (project, workspace) = (self.variable("IO_PROJECT_ID"), self.variable("IO_WORKSPACE_ID"));
        let path = format!("/events/{consumer}/{project}/{workspace}/registrations");
        self.ask(reqwest::Method::POST, &path, Some(&wanted)).await
    }

    /// The ids of the events in a registration's journal.
    async fn journal(&self, registration: &Value) -> Vec<String> {
        let url = registration["_links"]["rel:events"]["href"].as_str().unwrap();
        let page = self.get(&format!("{url}?limit=1000")).await;
        let events = page.body["events"].as_array().cloned().unwrap_or_default();
        events.iter().map(|entry| entry["event"]["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// Free a moment ago; nobody else on this machine binds ports that it was not given.
fn free_address() -> String {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Lines of the form `NAME=value`.
fn variables(output: &Output) -> Vec<(String, String)> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| line.split_once('=').unwrap()).map(|(name, value)| (name.into(), value.into())).collect()
}

/// The target of a registration that delivers to a kit.
fn to_webhook(kit: &Server) -> Value {
    json!({"delivery_type": "webhook", "webhook_url": kit.url(&format!("/webhooks/{SLUG}"))})
}

/// The id that an accepted event has everywhere: its ingestion's activation id, with hyphens.
fn event_id(answer: &Answer) -> String {
    let id: sdk::ActivationId = answer.header("x-openwhisk-activation-id").unwrap().parse().unwrap();
    id.event_id()
}

/// Waits until the store has been called for all of these events.
async fn all_have_effect(kit: &Server, store: &Store, ids: &[String]) {
    kit.until("the effect of every event", || async {
        let called = store.event_ids();
        ids.iter().all(|id| called.contains(id)).then_some(())
    })
    .await;
}
