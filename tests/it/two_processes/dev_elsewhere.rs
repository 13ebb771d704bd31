//! `kit dev --adobe`: a kit as events API, and the way back to this machine in the place of a tunnel.

use serde_json::Value;

use super::{EventsService, event_id, free_address};
use crate::support::{PRODUCT_CREATE, Project, Server, product};

const REGISTRATIONS: usize = 8;

/// A laptop beside this service.
struct Laptop {
    service: EventsService,
    project: Project,
    address: String,
}

impl Laptop {
    fn new() -> Self {
        let service = EventsService::start_empty(&[]);
        let address = free_address();
        let project = service.client_of(Project::new()).with("KIT_BIND", &address).with("KIT_RETRY_DELAYS", "50ms");
        Self { service, project, address }
    }

    /// Starts it, and waits until it has its registrations.
    async fn start(&self) -> Server {
        let public_url = format!("http://{}", self.address);
        let kit = self.project.start(&["dev", "--adobe", "--public-url", &public_url]);
        kit.until("the registrations of the run", || async {
            let registered = self.registrations().await;
            let is_verified = |found: &Value| found["webhook_status"] == "verified";
            (registered.len() == REGISTRATIONS && registered.iter().all(is_verified)).then_some(())
        })
        .await;
        kit
    }

    /// Those of runs on laptops.
    async fn registrations(&self) -> Vec<Value> {
        let of = |name| self.service.variable(name).to_owned();
        let (consumer, project, workspace) = (of("IO_CONSUMER_ID"), of("IO_PROJECT_ID"), of("IO_WORKSPACE_ID"));
        let path = format!("/events/{consumer}/{project}/{workspace}/registrations");
        let all = self.service.get(&path).await.body["_embedded"]["registrations"].take();
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|found| found["name"].as_str().unwrap().ends_with(" - dev")).collect()
    }

    async fn provider_ids(&self) -> Vec<String> {
        let path = format!("/events/{}/providers", self.service.variable("IO_CONSUMER_ID"));
        let all = self.service.get(&path).await.body["_embedded"]["providers"].take();
        let all = all.as_array().cloned().unwrap_or_default();
        all.iter().map(|provider| provider["id"].as_str().unwrap().to_owned()).collect()
    }

    /// An event goes out, comes back by webhook, and reaches the sandbox.
    async fn check_circle(&self, kit: &Server, sku: &str) {
        let answer = kit.send(&format!("uid-{sku}"), PRODUCT_CREATE, &product(sku)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        kit.until("the product in the sandbox", || async { (kit.product(sku).await.status == 200).then_some(()) })
            .await;
        let registered = self.registrations().await;
        let products = registered.iter().find(|found| found["name"] == "Backoffice Product Sync - dev").unwrap();
        assert!(self.service.journal(products).await.contains(&event_id(&answer)), "it went through the service");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_brings_its_registrations_and_takes_them_away() {
    let laptop = Laptop::new();
    let kit = laptop.start().await;
    laptop.check_circle(&kit, "DEV-1").await;
    let providers = laptop.provider_ids().await;
    assert_eq!(kit.terminate(), Some(0));
    assert_eq!(laptop.registrations().await, Vec::<Value>::new());
    assert_eq!((providers.len(), laptop.provider_ids().await), (2, providers), "providers stay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_left_is_taken_over_by_the_next_one() {
    let laptop = Laptop::new();
    laptop.start().await.kill();
    let ids =
        |found: Vec<Value>| -> Vec<Value> { found.iter().map(|found| found["registration_id"].clone()).collect() };
    let left = ids(laptop.registrations().await);
    assert_eq!(left.len(), REGISTRATIONS, "nobody was there to take them away");
    let kit = laptop.start().await;
    assert_eq!(ids(laptop.registrations().await), left);
    laptop.check_circle(&kit, "DEV-2").await;
    assert_eq!(kit.terminate(), Some(0));
    assert_eq!(laptop.registrations().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offboarding_removes_what_a_killed_run_left() {
    let laptop = Laptop::new();
    laptop.start().await.kill();
    let output = laptop.project.run(&["offboard", "--yes"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((laptop.registrations().await, laptop.provider_ids().await), (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_cannot_register_ends_and_says_why() {
    let laptop = Laptop::new();
    let project = laptop.project.with("OAUTH_CLIENT_SECRET", "no-secret-of-this-client");
    let kit = project.start(&["dev", "--adobe", "--public-url", &format!("http://{}", laptop.address)]);
    let told =
        ["error: GET_ACCESS_TOKEN", "IMS does not know this client or none of its secrets", "hint: `kit doctor`"];
    let is_told = || async { told.iter().all(|told| kit.log().contains(told)).then_some(()) };
    kit.until("the reason", is_told).await;
    assert_eq!(kit.terminate(), Some(1), "it ended by itself");
}

#[test]
fn options_that_lead_nowhere_are_refused_with_a_hint() {
    let client = |name: &str| Project::new().with("OAUTH_CLIENT_SECRET", "secret-of-a-laptop").with(name, "");
    let check = |project: &Project, arguments: &[&str], told: &[&str]| {
        let said = project.refusal(&[&["dev"], arguments].concat());
        assert!(told.iter().all(|told| said.contains(told)), "{said}");
    };
    let project = Project::new();
    check(&project, &["--public-url", "https://a.example"], &["without", "hint: add `--adobe`"]);
    check(&project, &["--adobe"], &["needs the address", "hint: start a tunnel"]);
    check(
        &project,
        &["--adobe", "--public-url", "http://a.example"],
        &["no address that an events API calls", "hint: "],
    );
    let missing = client("OAUTH_CLIENT_ID");
    let told = ["`OAUTH_CLIENT_ID`: expected a value", "`OAUTH_ORG_ID`: ", "`IO_WORKSPACE_ID`: ", "hint: "];
    check(&missing, &["--adobe", "--public-url", "https://a.example"], &told);
}
