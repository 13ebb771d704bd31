//! The same questions of the folder, and from elsewhere of the kit that runs on it.

use reqwest::Method;
use serde_json::Value;

use super::{KEY, check_refused, json_of, kit_with_a_failure, printed, project, run, text};
use crate::support::{Answer, PRODUCT_CREATE, Project, Server};

/// A folder without a store, whose commands ask this kit.
fn elsewhere(kit: &Server) -> Project {
    Project::new().with("KIT_URL", &kit.url("")).with("KIT_API_KEY", KEY)
}

#[tokio::test]
async fn every_command_tells_the_same_of_a_folder_and_of_a_kit_elsewhere() {
    let here = project();
    let kit = kit_with_a_failure(&here).await;
    let there = elsewhere(&kit);
    let failed = json_of(&here, "delivery get bad --json");
    let (event, run_id) = (failed[0]["event"].as_str().unwrap(), failed[0]["runs"][0]["activation"].as_str().unwrap());
    let lines = [
        "activation list --json".to_owned(),
        "activation list --limit 2 --skip 1 --json".to_owned(),
        "activation list --action webhook --since 1h --json".to_owned(),
        "activation list --status success,timeout --json".to_owned(),
        "activation list --count --json".to_owned(),
        "activation list".to_owned(),
        format!("activation get {run_id} --json"),
        format!("activation get {run_id}"),
        "activation get --last --json".to_owned(),
        format!("activation logs {run_id} --json"),
        "activation logs --since 1h".to_owned(),
        format!("activation result {run_id}"),
        "delivery list --json".to_owned(),
        "delivery list --undelivered --drawer target --json".to_owned(),
        format!("delivery list --code {PRODUCT_CREATE} --limit 1"),
        "delivery get bad --json".to_owned(),
        format!("delivery get {event}"),
        format!("delivery replay {event} --dry-run"),
        "delivery replay --since 1h --state refused,done --dry-run --json".to_owned(),
        "event list --entity product --key bad --json".to_owned(),
        "event forget --entity product --key bad --dry-run".to_owned(),
        "event trace bad --json".to_owned(),
        format!("event trace {run_id}"),
        "registration list --json".to_owned(),
        "journal tail backoffice-product-sync --json".to_owned(),
        "journal tail backoffice-product-sync --latest".to_owned(),
        "job list --json".to_owned(),
    ];
    for line in lines {
        let told = printed(&here, &line);
        assert!(!told.is_empty(), "`kit {line}` tells something");
        assert_eq!(printed(&there, &line), told, "`kit {line}`");
    }
    assert!(!there.path().join("data").exists(), "asking makes nothing");
}

#[tokio::test]
async fn every_refusal_is_the_same_from_elsewhere() {
    let here = project();
    let kit = kit_with_a_failure(&here).await;
    let there = elsewhere(&kit);
    for line in [
        "activation get 00000000000000000000000000000000",
        "activation get",
        "activation list --status fine",
        "activation list --since yesterday",
        "delivery get nothing",
        "delivery list --state dune",
        "delivery list --registration unheard-of",
        "delivery replay nothing --yes",
        "event trace nothing",
        "event list --entity prodct --key A",
        "journal tail",
        "journal tail unheard-of",
        "journal tail backoffice-product-sync --since nowhere",
        "registration enable unheard-of --yes",
    ] {
        let (told, said) = (run(&here, line), run(&there, line));
        assert_eq!(told.status.code(), Some(1), "`kit {line}`: {told:?}");
        assert_eq!(text(&said.stderr), text(&told.stderr), "`kit {line}`");
        assert!(text(&told.stderr).contains("\n  hint: "), "`kit {line}`: {told:?}");
    }
}

#[tokio::test]
async fn work_is_asked_for_from_elsewhere() {
    let here = project();
    let kit = kit_with_a_failure(&here).await;
    let there = elsewhere(&kit);
    let said = printed(&there, "delivery replay bad --yes");
    assert!(said.starts_with("1 of 1 deliveries are to be replayed: job ") && said.contains("done: "), "{said}");
    let state = |found: &Value| found[0]["state"] == "done";
    kit.until("the replay is delivered", || async { state(&json_of(&here, "delivery get bad --json")).then_some(()) })
        .await;
    let said = printed(&there, "event forget --entity product --key good --yes");
    assert!(said.contains("done: "), "{said}");
    check_refused(&here, "delivery get good", "there is no event `good`", "`kit delivery list`");
    assert_eq!(json_of(&there, "job list --json"), json_of(&here, "job list --json"));
}

#[tokio::test]
async fn a_kit_that_cannot_be_asked_is_told_in_words() {
    let here = project();
    let kit = here.start(&["dev"]);
    let there = elsewhere(&kit);
    let no_key = Project::new().with("KIT_URL", &kit.url("")).with("AIO_runtime_auth", "");
    check_refused(&no_key, "delivery list", "`KIT_URL` is set, and no key", "set `KIT_API_KEY`");
    let other = KEY.replace("-0", "-1");
    let other = Project::new().with("KIT_URL", &kit.url("")).with("AIO_runtime_auth", &other);
    check_refused(&other, "event trace x", "the kit at http://", "`KIT_API_KEY` has to be what that kit has");
    let broken = Project::new().with("KIT_URL", &kit.url("")).with("KIT_API_KEY", "no-key-at-all");
    check_refused(&broken, "job list", "`KIT_API_KEY`: expected `<uuid>:<key>`", "copy `AIO_runtime_auth`");
    let no_kit = Project::new().with("KIT_URL", &kit.url("/schemas/")).with("KIT_API_KEY", KEY);
    check_refused(&no_kit, "activation list", "what answers at http://", "`KIT_URL` has to be the address of a kit");
    assert_eq!(kit.terminate(), Some(0));
    check_refused(&there, "registration list", "no kit can be reached at http://", "start one with `kit dev`");
}

#[tokio::test]
async fn who_asks_without_a_command_is_told_what_is_wrong() {
    let here = project();
    let kit = here.start(&["dev"]);
    let (user, password) = KEY.split_once(':').unwrap();
    let ask = async |method: Method, path: &str, body: String| {
        let request = kit.client.request(method, kit.url(&format!("/api/v1/namespaces/{path}")));
        let request = request.header("content-type", "application/json").body(body);
        let answer = Answer::of(request.basic_auth(user, Some(password))).await;
        assert!(!answer.error().is_empty() && answer.body["hint"].is_string(), "{path}: {answer:?}");
        answer.status
    };
    let nothing = String::new;
    assert_eq!(ask(Method::GET, "_/deliveries?states=due", nothing()).await, 400, "a member that nobody knows");
    assert_eq!(ask(Method::GET, "_/deliveries?limit=0", nothing()).await, 400);
    assert_eq!(ask(Method::GET, "_/deliveries?limit=1002", nothing()).await, 400);
    assert_eq!(ask(Method::GET, "_/deliveries?after=1", nothing()).await, 400);
    assert_eq!(ask(Method::GET, "_/runs?after=here", nothing()).await, 400);
    assert_eq!(ask(Method::GET, "_/runs/none", nothing()).await, 400);
    assert_eq!(ask(Method::GET, "other/deliveries", nothing()).await, 403);
    assert_eq!(ask(Method::POST, "_/runs", nothing()).await, 405);
    for body in ["", "[]", "{", "\"enable\""] {
        assert_eq!(ask(Method::POST, "_/jobs", body.to_owned()).await, 400, "{body}");
    }
    let large = format!("{{\"replay\": \"{}\"}}", "x".repeat(300_000));
    assert_eq!(ask(Method::POST, "_/jobs", large).await, 400);
    let own =
        Answer::of(kit.client.get(kit.url("/api/v1/namespaces/local/jobs")).basic_auth(user, Some(password))).await;
    assert_eq!((own.status, own.body), (200, Value::from(Vec::<Value>::new())), "nothing was asked for");
}
