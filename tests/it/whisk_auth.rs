//! Web actions that ask callers for the key of the namespace, or for a secret of their own.

use serde_json::{Value, json};

use crate::support::{Answer, Project, RUNTIME_AUTH, Server};

const CONFIG: &str = "actions/starter_kit/actions.config.yaml";
const INFO: &str = "/api/v1/web/starter-kit/info";
const SECRET: &str = "5ecret-of-an-action";

/// A kit whose action has this annotation.
fn project(annotation: &str) -> Project {
    let project = Project::new();
    let config = project.read(CONFIG).replace("require-adobe-auth: true", &format!("require-whisk-auth: {annotation}"));
    project.write(CONFIG, &config);
    project
}

async fn ask(kit: &Server, name: &str, value: &str) -> Answer {
    Answer::of(kit.client.get(kit.url(INFO)).header(name, value)).await
}

#[track_caller]
fn check_refused(project: &Project, answer: &Answer, reason: &str) {
    let id = answer.header("x-openwhisk-activation-id").unwrap();
    let error = "Authentication is possible but has failed or not yet been provided.";
    assert_eq!((answer.status, &answer.body), (401, &json!({"error": error, "code": id})));
    let shown = project.run(&["activation", "get", id, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["response"]["result"]["reason"], reason);
}

#[tokio::test]
async fn a_secret_of_the_action_opens_it_and_is_shown_nowhere() {
    let project = project("$INFO_SECRET").with("INFO_SECRET", SECRET);
    let kit = project.start(&["dev"]);
    let header = "x-require-whisk-auth";
    assert_eq!(ask(&kit, header, SECRET).await.body["success"], true);
    check_refused(&project, &kit.get(INFO).await, "`x-require-whisk-auth` is missing");
    let other = ask(&kit, header, &SECRET[1..]).await;
    check_refused(&project, &other, "`x-require-whisk-auth` is another secret than the action's");
    let (user, password) = RUNTIME_AUTH.split_once(':').unwrap();
    let keyed = Answer::of(kit.client.get(kit.url(INFO)).basic_auth(user, Some(password))).await;
    check_refused(&project, &keyed, "`x-require-whisk-auth` is missing");
    let shown = project.run(&["action", "get", "starter-kit/info", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["annotations"]["require-whisk-auth"], "[redacted]");
}

#[tokio::test]
async fn the_key_of_the_namespace_opens_an_action_that_asks_for_it() {
    let project = project("true").with("AIO_runtime_auth", RUNTIME_AUTH);
    let kit = project.start(&["dev"]);
    let (user, password) = RUNTIME_AUTH.split_once(':').unwrap();
    let keyed = Answer::of(kit.client.get(kit.url(INFO)).basic_auth(user, Some(password))).await;
    assert_eq!(keyed.body["success"], true, "{keyed:?}");
    let reason = "`authorization` does not bring the key of the namespace";
    check_refused(&project, &kit.get(INFO).await, reason);
    check_refused(&project, &ask(&kit, "authorization", "Bearer x").await, reason);
    check_refused(&project, &ask(&kit, "x-require-whisk-auth", "true").await, reason);
}

#[test]
fn an_empty_secret_opens_nothing() {
    let told = project("$INFO_SECRET").refusal(&["dev"]);
    let fault =
        "`packages.starter-kit.actions.info.annotations.require-whisk-auth`: expected `true` or a secret, it is empty";
    assert!(told.contains(fault) && told.contains("hint: set the variable that it names"), "{told}");
}
