//! `kit doctor` against stand-ins for everything that it asks: what is said of each fault, and that nothing else is bad.

mod commerce;
mod elsewhere;
mod management;
mod stand_in;

use serde_json::{Value, json};

use crate::support::Project;
use stand_in::{CLIENT_ID, Reply, StandIn, granted, healthy};

/// Where nobody listens: the address of a server that is gone.
async fn nowhere() -> String {
    StandIn::start(Vec::new()).await.gone().await
}

/// A kit whose whole world is this stand-in.
fn project(world: &StandIn) -> Project {
    let settings = [
        ("KIT_EVENTS_API", "adobe".to_owned()),
        ("OAUTH_BASE_URL", world.url("/ims/token/")),
        ("IO_MANAGEMENT_BASE_URL", world.url("/events/")),
        ("KIT_EVENTS_INGRESS_URL", world.url("/")),
        ("KIT_PUBLIC_URL", world.url("")),
        ("OAUTH_CLIENT_ID", CLIENT_ID.to_owned()),
        ("OAUTH_CLIENT_SECRET", "doctor-client-secret-4711".to_owned()),
        ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg".to_owned()),
        ("IO_CONSUMER_ID", "11".to_owned()),
        ("IO_PROJECT_ID", "22".to_owned()),
        ("IO_WORKSPACE_ID", "33".to_owned()),
        ("COMMERCE_BASE_URL", world.url("/rest/")),
        ("COMMERCE_ACCESS_TOKEN", "doctor-store-token-4711".to_owned()),
        ("KIT_BACKOFFICE_URL", world.url("/erp/")),
    ];
    settings.into_iter().fold(Project::new(), |project, (name, value)| project.with(name, &value))
}

/// What is printed, with this address as `HOST`.
fn lines(project: &Project, address: &str) -> (Option<i32>, Vec<String>) {
    let output = project.run(&["doctor"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap().replace(address, "HOST");
    (output.status.code(), text.lines().map(str::to_owned).collect())
}

/// The world is as it should be but for this; exactly these lines are bad.
async fn check(path: &'static str, reply: Reply, bad: &[&str]) {
    let world = StandIn::start([vec![(path, reply)], healthy()].concat()).await;
    check_project(&project(&world), &world.address, bad);
}

fn check_project(project: &Project, address: &str, bad: &[&str]) {
    let (code, lines) = lines(project, address);
    let found: Vec<&str> = lines.iter().map(String::as_str).filter(|line| line.starts_with("bad ")).collect();
    assert_eq!(found, bad, "{lines:#?}");
    assert_eq!(code, Some(i32::from(!bad.is_empty())), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_works_is_told_line_by_line() {
    let world = StandIn::start(healthy()).await;
    let (code, lines) = lines(&project(&world), &world.address);
    assert_eq!(
        lines,
        [
            "ok       variables      variables and files are in order",
            "ok       clock          as those of the servers, within 1 s",
            "ok       token          IMS at http://HOST gives one",
            "ok       scopes         the token has all that are needed",
            "ok       management     I/O Events knows organisation, project and workspace",
            "ok       providers      23 providers and event metadata are as the files say",
            "ok       registrations  8 registrations are as the files say",
            "ok       ingress        http://HOST answers (404)",
            "ok       callback       8 webhooks at http://HOST answer their challenge",
            "ok       commerce       the REST API at http://HOST takes our calls",
            "ok       version        Commerce 2.4",
            "ok       eventing       the module for events is there",
            "ok       eventing setup Commerce says that it can send events",
            "ok       subscriptions  Commerce sends all 8 events that registrations want",
            "ok       back office    http://HOST answers (404)",
        ]
    );
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_onboarding_cannot_use_are_told() {
    let world = StandIn::start(healthy()).await;
    let project = project(&world);
    project.write("data/onboarding.json", "{");
    let record = "bad      variables      ./data/onboarding.json cannot be used: EOF while parsing an object at line 1 column 1 -> remove it and run `kit onboard` again, which finds everything by its names";
    check_project(&project, &world.address, &[record]);
    project.write("data/onboarding.json", "{}");
    let of = |workspace: &str| json!({"project": {"id": "22", "name": "a", "org": {"id": "11", "name": "a"}, "workspace": {"id": workspace, "name": "a"}}});
    project.write("onboarding/config/workspace.json", &of("34").to_string());
    let (code, lines) = lines(&project, &world.address);
    let other = "bad      variables      ./onboarding/config/workspace.json: `project.workspace.id` is `34`, but `IO_WORKSPACE_ID` is `33` -> the file has to be of the workspace";
    assert!(code == Some(1) && lines[0].starts_with(other), "{lines:#?}");
    project.write("onboarding/config/workspace.json", &of("33").to_string());
    check_project(&project, &world.address, &[]);
}

#[test]
fn an_embedded_kit_asks_nobody() {
    let project = Project::new();
    let (code, lines) = lines(&project, "HOST");
    let skipped: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("skipped  ")).collect();
    assert_eq!((code, skipped.len()), (Some(0), lines.len() - 1), "{lines:#?}");
    assert!(skipped.contains(&"callback       embedded"), "{lines:#?}");
    let output = project.run(&["doctor", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["ok"], true);
    let token = json!({"check": "token", "verdict": "skipped", "seen": "embedded", "hint": null});
    assert!(told["checks"].as_array().unwrap().contains(&token), "{told:#}");
}

#[test]
fn wrong_variables_are_told_each_and_nothing_is_asked() {
    let project = Project::new().with("KIT_EVENTS_API", "adobe").with("IO_CONSUMER_ID", "11").with("LOG_LEVEL", "loud");
    let (code, lines) = lines(&project, "HOST");
    let bad = lines.iter().filter(|line| line.starts_with("bad      variables")).count();
    assert_eq!((code, bad, lines.len()), (Some(1), 6, 7), "{lines:#?}");
    let loud = "bad      variables      `LOG_LEVEL`: expected `error`, `warn`, `info`, `debug` or `trace` -> leave it out for `info`";
    assert!(lines.iter().any(|line| line == loud), "{lines:#?}");
    assert_eq!(lines[6], "skipped  the rest       mend the variables first");
}
