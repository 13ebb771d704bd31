//! `kit credential`: the clients of the events service, beside a kit that runs and without one.

use serde_json::Value;

use crate::support::{Answer, Project, Server};

/// What a command printed that has to succeed.
fn printed(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn printed_json(project: &Project, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(project, arguments)).unwrap()
}

/// What a command said that has to fail.
fn refusal(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn value<'a>(lines: &'a str, name: &str) -> &'a str {
    let mut values = lines.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("no {name} in {lines}"))
}

async fn token(kit: &Server, client_id: &str, secret: &str) -> Answer {
    let form =
        format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}&scope=openid,adobeio_api");
    let request = kit.client.post(kit.url("/ims/token/v3")).body(form);
    Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await
}

#[tokio::test]
async fn a_client_that_is_made_beside_a_running_kit_gets_tokens_until_it_is_revoked() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let made = printed(&project, &["credential", "create", "shop"]);
    let (client, secret) = (value(&made, "OAUTH_CLIENT_ID"), value(&made, "OAUTH_CLIENT_SECRET"));
    let names = ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_ORG_ID", "IO_CONSUMER_ID", "IO_PROJECT_ID"];
    assert!(names.iter().all(|name| !value(&made, name).is_empty()) && made.contains("IO_WORKSPACE_ID="), "{made}");
    let granted = token(&kit, client, secret).await;
    assert_eq!((granted.status, granted.body["token_type"].as_str()), (200, Some("bearer")), "{granted:?}");
    assert_eq!(token(&kit, client, "wrong").await.body["error"], "invalid_client");

    let new = printed(&project, &["credential", "rotate", "shop", "--overlap", "1h"]);
    let new = value(&new, "OAUTH_CLIENT_SECRET");
    kit.until("the new secret to count", || async { (token(&kit, client, new).await.status == 200).then_some(()) })
        .await;
    assert_eq!(token(&kit, client, secret).await.status, 200, "both count while they overlap");
    let third = refusal(&project, &["credential", "rotate", client]);
    assert!(third.contains("two secrets are alive already"), "{third}");
    let listed = printed_json(&project, &["credential", "list", "--json"]);
    let shop = listed.as_array().unwrap().iter().find(|listed| listed["name"] == "shop").unwrap();
    let first = shop["secrets"][0]["id"].as_str().unwrap();
    printed(&project, &["credential", "revoke", "shop", "--secret", first]);
    kit.until("the first secret to end", || async { (token(&kit, client, secret).await.status == 400).then_some(()) })
        .await;

    let bearer = granted.body["access_token"].as_str().unwrap();
    let providers = kit.url(&format!("/events/{}/providers", value(&made, "IO_CONSUMER_ID")));
    let ask = || kit.client.get(&providers).bearer_auth(bearer).header("x-api-key", client);
    assert_eq!(Answer::of(ask()).await.status, 200);
    printed(&project, &["credential", "revoke", "shop"]);
    kit.until("the token to end", || async { (Answer::of(ask()).await.status == 403).then_some(()) }).await;
    assert_eq!(token(&kit, client, new).await.body["error"], "invalid_client");
    let output = printed(&project, &["credential", "list"]);
    let log = kit.log();
    for told in [secret, new, bearer] {
        assert!(!output.contains(told) && !log.contains(told), "a secret is told once");
    }
    assert_eq!(kit.terminate(), Some(0));
}

#[test]
fn clients_are_managed_without_a_kit_and_refusals_say_what_to_do() {
    let project = Project::new();
    let made = printed_json(&project, &["credential", "create", "shop", "--json"]);
    let again = printed_json(&project, &["credential", "create", "erp", "--json"]);
    assert_eq!(made["IO_CONSUMER_ID"], again["IO_CONSUMER_ID"], "one events service, one organisation");
    assert_ne!(made["OAUTH_CLIENT_ID"], again["OAUTH_CLIENT_ID"]);
    check(&project, &["credential", "create", "shop"], "`kit credential rotate`");
    check(&project, &["credential", "create", ""], "1 to 100 characters");
    check(&project, &["credential", "rotate", "nobody"], "`kit credential list`");
    check(&project, &["credential", "revoke", "shop", "--secret", "none"], "nothing to revoke");
    check(&project, &["credential", "rotate", "shop", "--overlap=-1h"], "cannot be negative");
    let output = project.run(&["credential", "rotate", "shop", "--overlap", "soon"]);
    assert_eq!(output.status.code(), Some(2));
}

fn check(project: &Project, arguments: &[&str], hint: &str) {
    let said = refusal(project, arguments);
    assert!(said.starts_with("error: ") && said.contains(hint), "{arguments:?}: {said}");
}

#[tokio::test]
async fn dev_has_the_client_of_the_environment() {
    let project = Project::new()
        .with("OAUTH_CLIENT_ID", "my-client")
        .with("OAUTH_CLIENT_SECRET", r#"["old-secret","new-secret"]"#)
        .with("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg")
        .with("IO_CONSUMER_ID", "4711");
    let kit = project.start(&["dev"]);
    for secret in ["old-secret", "new-secret"] {
        let granted = token(&kit, "my-client", secret).await;
        assert_eq!(granted.status, 200, "{granted:?}");
        let bearer = granted.body["access_token"].as_str().unwrap();
        let request = kit.client.get(kit.url("/events/4711/providers")).bearer_auth(bearer);
        let providers = Answer::of(request.header("x-api-key", "my-client")).await;
        assert_eq!(providers.status, 200, "{providers:?}");
        let publisher = &providers.body["_embedded"]["providers"][0]["publisher"];
        assert_eq!(publisher, "0123456789ABCDEF01234567@AdobeOrg");
    }
    assert_eq!(token(&kit, "my-client", "other").await.status, 400);
    assert_eq!(kit.terminate(), Some(0));
    // Without a secret the client keeps its id and gets a secret of this start.
    let project = project.with("OAUTH_CLIENT_SECRET", "");
    let kit = project.start(&["dev"]);
    assert_eq!(
        token(&kit, "my-client", "old-secret").await.body["error_description"],
        "invalid client_secret parameter"
    );
    assert_eq!(kit.terminate(), Some(0));
}
