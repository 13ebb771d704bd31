//! Commerce's eventing configuration against a store that answers from a script.

use sdk::{Reply, Stop};
use serde_json::{Value, json};
use testkit::Recorder;

use crate::{
    Change, Configuration, Failure, RecordedEventing, RecordedProvider, Verb, plan_eventing, plan_eventing_removal,
};

const BASE: &str = "https://shop.example.com/rest/";
const SECRET: &str = "p8e-client-secret";

fn provider() -> RecordedProvider {
    RecordedProvider { key: "commerce".into(), id: "p-1".into(), instance_id: "i-1".into(), label: "Ours".into() }
}

fn configuration() -> Configuration {
    Configuration {
        merchant_id: Some("acme".into()),
        environment_id: "Stage".into(),
        provider: provider(),
        description: "What Commerce tells".into(),
        workspace: json!({"client_secrets": [SECRET]}).to_string(),
    }
}

fn default_of(provider_id: &str) -> Value {
    json!({"provider_id": provider_id, "instance_id": "i-1", "label": "L", "workspace_configuration": "****"})
}

/// The changes, the writes, and what is remembered.
type Done = (Vec<String>, Vec<(String, String, Value)>, RecordedEventing);

/// Plans and applies at a store that answers the first question so.
async fn run(configuration: &Configuration, known: Reply, record: Option<&RecordedEventing>) -> Result<Done, Failure> {
    let store = Recorder::new().then(known).then(Reply::new(200, json!(true)));
    let plan = plan_eventing(&store, BASE, configuration, record).await?;
    assert!(!format!("{plan:?} {configuration:?}").contains(SECRET));
    let mut told = Vec::new();
    let record = plan.apply(&store, &mut |change: &Change| told.push(change.to_string())).await?;
    assert_eq!(told, plan.changes().iter().map(ToString::to_string).collect::<Vec<_>>());
    let writes = store.calls().into_iter().skip(1).map(|call| {
        let body = serde_json::from_slice(&call.body.unwrap_or_default()).unwrap_or_default();
        (call.method.to_string(), call.path, body)
    });
    let told = plan.changes().iter().map(|change| {
        format!("{} {} {:?} {}", change.verb.as_str(), change.kind.as_str(), change.name, change.why.join(","))
    });
    Ok((told.map(|line| line.trim_end().to_owned()).collect(), writes.collect(), record))
}

fn list(elements: Value) -> Reply {
    Reply::new(200, elements)
}

#[tokio::test]
async fn a_store_without_a_default_provider_gets_ours() {
    for known in [
        json!([]),
        json!([{"workspace_configuration": null}]),
        json!([{"id": "7", "provider_id": "p-9", "workspace_configuration": "****"}]),
    ] {
        let (told, writes, record) = run(&configuration(), list(known), None).await.unwrap();
        assert_eq!(told, [r#"create eventing configuration "Ours""#]);
        let config = json!({
            "enabled": true, "merchant_id": "acme", "environment_id": "Stage", "provider_id": "p-1",
            "instance_id": "i-1", "workspace_configuration": configuration().workspace,
        });
        assert_eq!(writes, [("PUT".to_owned(), "eventing/updateConfiguration".to_owned(), json!({"config": config}))]);
        assert_eq!((record.base_url.as_str(), record.sent.len()), (BASE, 64));

        let (told, writes, again) =
            run(&configuration(), list(json!([default_of("p-1")])), Some(&record)).await.unwrap();
        assert_eq!(told, [r#"leave eventing configuration "Ours""#]);
        assert_eq!((writes, again), (Vec::new(), record));
    }
}

#[tokio::test]
async fn each_member_of_the_configuration_is_found_as_drift() {
    let ours = || list(json!([default_of("p-1")]));
    let (.., record) = run(&configuration(), list(json!([])), None).await.unwrap();
    let mutations: [fn(&mut Configuration); 4] = [
        |it| it.merchant_id = Some("other".into()),
        |it| it.environment_id = "Production".into(),
        |it| it.provider.instance_id = "i-2".into(),
        |it| it.workspace.push(' '),
    ];
    for mutate in mutations {
        let mut changed = configuration();
        mutate(&mut changed);
        let (told, writes, new) = run(&changed, ours(), Some(&record)).await.unwrap();
        assert!(told[0].starts_with(r#"update eventing configuration "Ours" not what was sent last"#), "{told:?}");
        assert_eq!(writes.len(), 1);
        assert_ne!(new, record);
    }
    // The store itself was changed.
    let mut moved = default_of("p-1");
    moved["instance_id"] = "i-other".into();
    let (told, ..) = run(&configuration(), list(json!([moved])), Some(&record)).await.unwrap();
    assert_eq!(told, [r#"update eventing configuration "Ours" instance_id"#]);
    // Another store was told; and nobody knows any more what was.
    let elsewhere = RecordedEventing { base_url: "https://other/".into(), ..record };
    for record in [Some(&elsewhere), None] {
        let (told, ..) = run(&configuration(), ours(), record).await.unwrap();
        assert_eq!(told, [r#"update eventing configuration "Ours" nobody remembers what was sent"#]);
    }
}

#[tokio::test]
async fn a_default_provider_of_somebody_else_stays_and_ours_stands_beside_it() {
    let other = json!({"provider_id": "p-9", "label": "Theirs", "workspace_configuration": "****"});
    let (told, writes, record) = run(&configuration(), list(json!([other])), None).await.unwrap();
    let left = r#"leave eventing configuration "Theirs" the default provider is not ours"#;
    assert_eq!(told, [left, r#"create event provider "Ours""#]);
    let sent = json!({
        "provider_id": "p-1", "instance_id": "i-1", "label": "Ours", "description": "What Commerce tells",
        "workspace_configuration": configuration().workspace,
    });
    assert_eq!(writes, [("POST".to_owned(), "eventing/eventProvider".to_owned(), json!({"eventProvider": sent}))]);

    let found = json!({
        "id": "4", "provider_id": "p-1", "instance_id": "i-1", "label": "Ours", "description": "What Commerce tells",
        "workspace_configuration": "****",
    });
    let known = |ours: &Value| list(json!([other, ours]));
    let (told, writes, _) = run(&configuration(), known(&found), Some(&record)).await.unwrap();
    assert_eq!((told, writes), (vec![left.to_owned(), r#"leave event provider "Ours""#.to_owned()], Vec::new()));

    for member in ["label", "description", "instance_id"] {
        let mut drifted = found.clone();
        drifted[member] = "else".into();
        let (told, writes, _) = run(&configuration(), known(&drifted), Some(&record)).await.unwrap();
        assert_eq!(told[1], format!(r#"update event provider "Ours" {member}"#));
        let [(method, path, body)] = &writes[..] else { panic!("{writes:?}") };
        assert_eq!((method.as_str(), path.as_str()), ("PUT", "eventing/eventProvider"));
        assert_eq!((&body["eventProvider"]["id"], &body["eventProvider"]["label"]), (&json!("4"), &json!("Ours")));
    }
}

#[tokio::test]
async fn a_module_without_several_providers_is_told_by_memory() {
    let older = || Reply { error: Some("Commerce answered 404".into()), ..Reply::new(404, Value::Null) };
    let (told, writes, record) = run(&configuration(), older(), None).await.unwrap();
    assert_eq!((told[0].as_str(), writes.len()), (r#"create eventing configuration "Ours""#, 1));
    let (told, writes, _) = run(&configuration(), older(), Some(&record)).await.unwrap();
    assert_eq!((told[0].as_str(), writes.len()), (r#"leave eventing configuration "Ours""#, 0));
    let changed = Configuration { environment_id: "Production".into(), ..configuration() };
    let (told, writes, _) = run(&changed, older(), Some(&record)).await.unwrap();
    assert!(told[0].starts_with("update ") && writes.len() == 1, "{told:?}");
}

/// The failure's text, which holds `expected` and nothing that is secret.
#[track_caller]
fn check(failure: &Failure, label: &str, expected: &[&str]) {
    let text = failure.to_string();
    assert!(text.starts_with(&format!("CONFIGURE_EVENTING → {label}\n")), "{text}");
    for words in expected {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_what_to_do() {
    let unexpected = "Unexpected error occurred while updating the eventing configuration";
    let refusal = |status: u16, error: &str| Reply { error: Some(error.into()), ..Reply::new(status, Value::Null) };
    let of = async |known: Reply, written: Option<Reply>| {
        let store = Recorder::new().then(known);
        let store = if let Some(written) = written { store.then(written) } else { store };
        match plan_eventing(&store, BASE, &configuration(), None).await {
            Ok(plan) => plan.apply(&store, &mut |change| panic!("{change} is not done")).await.unwrap_err(),
            Err(failure) => failure,
        }
    };
    let failure = of(refusal(401, "Commerce answered 401: denied"), None).await;
    check(&failure, "UNEXPECTED_ERROR", &[unexpected, "answered 401: denied", "hint: check `COMMERCE_BASE_URL`"]);
    // The module is not installed: neither path is there.
    let gone = || refusal(404, "Commerce answered 404: Request does not match any route");
    let failure = of(gone(), Some(gone())).await;
    check(
        &failure,
        "UNEXPECTED_ERROR",
        &["does not match any route", "hint: install or update", "hint: where the module"],
    );
    let failure = of(refusal(502, "Commerce answered 200 with something that is not JSON"), None).await;
    check(&failure, "UNEXPECTED_ERROR", &["not JSON", "a proxy or a login page"]);
    let failure = of(list(json!({"items": []})), None).await;
    check(&failure, "UNEXPECTED_ERROR", &["`eventing/eventProvider` with something else than a list of providers"]);
    let failure = of(list(json!([])), Some(Reply::new(200, json!(false)))).await;
    check(&failure, "UNEXPECTED_ERROR", &["something else than `true`"]);

    let store = Recorder::new().then_stop(Stop::retry("Commerce cannot be reached").because("connection refused"));
    let failure = plan_eventing(&store, BASE, &configuration(), None).await.unwrap_err();
    check(&failure, "UNEXPECTED_ERROR", &["Commerce cannot be reached\n  because: connection refused\n  hint: check"]);

    let nameless = Configuration { merchant_id: None, ..configuration() };
    let store = Recorder::new().then(list(json!([])));
    let failure = plan_eventing(&store, BASE, &nameless, None).await.unwrap_err();
    check(&failure, "INVALID_ENV_VARS", &["`COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID` is not set"]);
}

#[tokio::test]
async fn what_is_ours_is_taken_out_again() {
    let record = RecordedEventing { base_url: BASE.into(), sent: "x".into() };
    let of = async |known: Reply, record: Option<&RecordedEventing>| {
        let store = Recorder::new().then(known).then(Reply::new(200, json!(true)));
        let removal = plan_eventing_removal(&store, BASE, &provider(), record).await.unwrap();
        removal.apply(&store, &mut |_| ()).await.unwrap();
        let told: Vec<(Verb, String)> =
            removal.changes().iter().map(|change| (change.verb, change.why.join(","))).collect();
        let write = store.calls().into_iter().nth(1);
        (
            told,
            write.map(|call| {
                (call.method.to_string(), call.path, call.body.map(|body| String::from_utf8(body).unwrap()))
            }),
        )
    };
    let beside = json!({"id": "4", "provider_id": "p-1", "workspace_configuration": "****"});
    let (told, write) = of(list(json!([default_of("p-9"), beside])), None).await;
    assert_eq!(told, [(Verb::Delete, String::new())]);
    assert_eq!(write, Some(("DELETE".into(), "eventing/eventProvider/p-1".into(), None)));

    let off =
        Some(("PUT".into(), "eventing/updateConfiguration".into(), Some(r#"{"config":{"enabled":false}}"#.into())));
    for (known, record) in [(list(json!([default_of("p-1")])), None), (Reply::new(404, Value::Null), Some(&record))] {
        let (told, write) = of(known, record).await;
        assert_eq!(
            told,
            [(Verb::Update, "enabled: false, because the default provider cannot be taken away".to_owned())]
        );
        assert_eq!(write, off);
    }
    for known in [list(json!([])), list(json!([default_of("p-9")])), Reply::new(404, Value::Null)] {
        assert_eq!(of(known, None).await, (Vec::new(), None));
    }
}

#[tokio::test]
async fn a_provider_in_use_is_told_with_what_to_do() {
    let beside = json!([{"id": "4", "provider_id": "p-1", "workspace_configuration": "****"}]);
    let refused = Reply { error: Some("Commerce answered 400: in use".into()), ..Reply::new(400, Value::Null) };
    let store = Recorder::new().then(list(beside)).then(refused);
    let removal = plan_eventing_removal(&store, BASE, &provider(), None).await.unwrap();
    let failure = removal.apply(&store, &mut |change| panic!("{change} is not done")).await.unwrap_err();
    check(&failure, "UNEXPECTED_ERROR", &["400: in use", "kit subscribe --prune"]);
}
