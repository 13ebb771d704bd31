//! `kit onboard` and `kit offboard` against our own events service in another process.

mod drift;
mod killed;
mod pages;
mod proxy;
mod refusals;
mod twice;
mod webhooks;

use std::process::Output;

use serde_json::{Value, json};

use self::proxy::Proxy;
use crate::support::Project;
use crate::two_processes::EventsService;

/// An empty events service, a way to it that is watched, and a project that is its client.
struct Bench {
    service: EventsService,
    proxy: Proxy,
    project: Project,
}

impl Bench {
    async fn new() -> Self {
        Self::of(EventsService::start_empty(&[])).await
    }

    async fn of(service: EventsService) -> Self {
        let proxy = Proxy::before(&service.url("")).await;
        let project = Self::client(&service, &proxy);
        Self { service, proxy, project }
    }

    /// A project in a folder of its own.
    fn client(service: &EventsService, proxy: &Proxy) -> Project {
        Self::through(service.client_of(Project::new()), proxy)
    }

    /// What the project asks of the events service goes through the proxy.
    fn through(project: Project, proxy: &Proxy) -> Project {
        project
            .with("IO_MANAGEMENT_BASE_URL", &format!("{}/events/", proxy.url))
            .with("OAUTH_BASE_URL", &format!("{}/ims/token/", proxy.url))
    }

    /// Runs a command to its end, beside whoever answers it.
    fn run(&self, arguments: &[&str]) -> Output {
        run(&self.project, arguments)
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A command that has to fail; what it says.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The changes that are not `leave`, as `action kind name (why)`.
    fn changes(&self, arguments: &[&str]) -> Vec<String> {
        let printed: Value = serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).unwrap();
        let changes = printed["changes"].as_array().unwrap();
        let told = changes.iter().filter(|change| change["action"] != "leave");
        told.map(|change| {
            let text = |name: &str| change[name].as_str().unwrap().to_owned();
            let why: Vec<&str> = change["why"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect();
            let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
            format!("{} {} {}{why}", text("action"), text("kind"), text("name"))
        })
        .collect()
    }

    /// `/events/{organisation}/{project}/{workspace}` and what follows.
    fn place(&self, path: &str) -> String {
        let [consumer, project, workspace] =
            ["IO_CONSUMER_ID", "IO_PROJECT_ID", "IO_WORKSPACE_ID"].map(|name| self.service.variable(name));
        format!("/events/{consumer}/{project}/{workspace}/{path}")
    }

    async fn list(&self, path: &str, name: &str) -> Vec<Value> {
        let answer = self.service.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["_embedded"][name].as_array().unwrap().clone()
    }

    async fn providers(&self) -> Vec<Value> {
        self.list(
            &format!("/events/{}/providers?eventmetadata=true", self.service.variable("IO_CONSUMER_ID")),
            "providers",
        )
        .await
    }

    async fn registrations(&self) -> Vec<Value> {
        self.list(&self.place("registrations"), "registrations").await
    }

    /// Everything that onboarding is about, without the ids that chance gives.
    async fn snapshot(&self) -> Value {
        let providers = self.providers().await;
        let label =
            |id: &Value| providers.iter().find(|provider| provider["id"] == *id).map(|found| found["label"].clone());
        let mut registrations: Vec<Value> = self.registrations().await;
        registrations.sort_by_key(|registration| registration["name"].to_string());
        let registrations = registrations.iter().map(|found| {
            let mut events: Vec<String> = found["events_of_interest"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| format!("{} {}", label(&event["provider_id"]).unwrap_or_default(), event["event_code"]))
                .collect();
            events.sort();
            json!([
                found["name"],
                found["description"],
                found["delivery_type"],
                found["webhook_url"],
                found["enabled"],
                events
            ])
        });
        let registrations: Vec<Value> = registrations.collect();
        let mut described: Vec<Value> = providers
            .iter()
            .map(|found| {
                let mut metadata: Vec<String> = found["_embedded"]["eventmetadata"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|event| {
                        json!([
                            event["event_code"],
                            event["label"],
                            event["description"],
                            event["_embedded"]["sample_event"]["sample_payload"]
                        ])
                        .to_string()
                    })
                    .collect();
                metadata.sort();
                json!([
                    found["label"],
                    found["description"],
                    found["docs_url"],
                    found["provider_metadata"],
                    found["instance_id"],
                    metadata
                ])
            })
            .collect();
        described.sort_by_key(Value::to_string);
        json!({"providers": described, "registrations": registrations})
    }
}

/// Not on the runtime's thread: what answers the command runs there.
fn run(project: &Project, arguments: &[&str]) -> Output {
    let command = project.command(arguments);
    tokio::task::block_in_place(|| crate::support::end_of(command))
}
