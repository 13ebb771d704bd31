//! The command line: what it prints, what it refuses, and how it ends.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::slice::from_ref;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PRODUCT_CREATE, PRODUCT_UPDATE, Project, Server, TOKEN, product};

/// A stop may take this long: containers are killed after ten seconds; two more are for a busy machine.
const STOP_PATIENCE: Duration = Duration::from_secs(12);

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command that succeeds prints as JSON.
fn json_of(project: &Project, arguments: &[&str]) -> Value {
    let output = project.run(arguments);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|letter| letter.is_ascii_hexdigit() && !letter.is_ascii_uppercase())
}

/// Settings that would break everything that reads them.
const HOSTILE: &str = "COMMERCE_BASE_URL=http://127.0.0.1:1/rest/\nCOMMERCE_ACCESS_TOKEN=hostile-token\nKIT_BIND=256.0.0.0:1\n\
    KIT_DATA=/dev/null/data\nKIT_UNKNOWN=1\nKIT_STORE=postgres\nKIT_SANDBOX_TOKEN=\"two words\"\nLOG_LEVEL=loud\n\
    AIO_runtime_namespace=not/a/name\nthis is no line\n";

#[test]
fn the_demo_shows_every_event_that_has_a_handler() {
    for hostile in [None, Some(HOSTILE)] {
        let project = Project::new();
        if let Some(hostile) = hostile {
            project.write(".env", hostile);
        }
        let output = project.run(&["demo"]);
        assert!(output.status.success(), "{output:?}");
        let text = stdout(&output);
        let header: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(header, ["Event", "Action", "statusCode", "ms", "Activation", "ID", "Message"]);
        for operation in ["create", "update", "delete"] {
            let code = format!("be-observer.catalog_product_{operation} ");
            let row = text.lines().find(|line| line.trim().starts_with(&code)).unwrap();
            let cells: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(cells[1], format!("product-backoffice/{operation}d"));
            assert_eq!(cells[2], "200", "{row}");
            assert!(cells[3].parse::<u32>().is_ok() && is_id(cells[4]), "{row}");
            assert_eq!(cells[5..].join(" "), format!("Product {operation}d successfully"));
        }
        assert!(!project.path().join("data").exists(), "the demo has a folder of its own");
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn the_demo_tells_programs_the_same() {
    let project = Project::new()
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:1/rest/")
        .with("COMMERCE_ACCESS_TOKEN", "hostile-token")
        .with("KIT_BIND", "nonsense");
    let printed = json_of(&project, &["demo", "--json"]);
    let rows = printed["rows"].as_array().unwrap();
    let products: Vec<&Value> =
        rows.iter().filter(|row| row["action"].as_str().unwrap().starts_with("product-backoffice/")).collect();
    assert_eq!(products.len(), 3, "{printed}");
    assert!(rows.iter().all(|row| row["statusCode"] == 200 && row["ms"].is_u64()), "{printed}");
    assert!(rows.iter().all(|row| is_id(row["activationId"].as_str().unwrap())), "{printed}");
    assert_eq!((rows.len(), &printed["without_handler"]), (21, &json!([])));
    let events: HashSet<&str> = rows.iter().map(|row| row["event"].as_str().unwrap()).collect();
    assert_eq!(events.len(), 21, "both directions: {printed}");
}

/// A kit that has delivered one product, and the ids of the three runs that it took.
async fn delivered(project: &Project) -> (Server, [String; 3]) {
    let kit = project.start(&["dev"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    let ids = kit
        .until("three runs", || async {
            let listed = json_of(project, &["activation", "list", "--json"]);
            let find = |name: &str| {
                let record = listed.as_array().unwrap().iter().find(|record| record["name"] == name)?;
                Some(record["activationId"].as_str().unwrap().to_owned())
            };
            Some([find("webhook")?, find("consumer")?, find("created")?])
        })
        .await;
    (kit, ids)
}

#[tokio::test]
async fn runs_can_be_looked_at_while_the_kit_runs_and_after_it_ended() {
    let project = Project::new();
    let (kit, ids) = delivered(&project).await;
    check_list(&project, &ids);
    check_records(&project, &ids);
    assert_eq!(kit.terminate(), Some(0));
    check_list(&project, &ids);
    check_records(&project, &ids);
}

fn check_list(project: &Project, ids: &[String; 3]) {
    let [webhook, consumer, created] = ids;
    let listed = |arguments: &[&str]| -> Vec<String> {
        let listed = json_of(project, &[&["activation", "list", "--json"], arguments].concat());
        let records = listed.as_array().unwrap().iter();
        records.map(|record| record["activationId"].as_str().unwrap().to_owned()).collect()
    };
    // What ended last comes first: the consumer's run ended after that of the handler, both after the event was taken in.
    assert_eq!(listed(&[]), [consumer.clone(), created.clone(), webhook.clone()]);
    assert_eq!(listed(&["--limit", "2"]), [consumer.clone(), created.clone()]);
    assert_eq!(listed(&["--action", "created"]), from_ref(created));
    assert_eq!(listed(&["--action", "product-backoffice/created"]), from_ref(created));
    assert_eq!(listed(&["--action", "webhook"]), from_ref(webhook));
    assert_eq!(listed(&["--action", "ingestion/webhook", "--limit", "1"]), from_ref(webhook));
    for unknown in ["other-backoffice/created", "reated", "/created", ""] {
        assert!(listed(&["--action", unknown]).is_empty(), "{unknown}");
    }
    let text = stdout(&project.run(&["activation", "list"]));
    let header: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header.join(" "), "Datetime Status Kind Activation ID Wait Duration Attempt Entity");
    assert_eq!(text.lines().count(), 4);
    for (id, action) in
        ids.iter().zip(["ingestion/webhook", "product-backoffice/consumer", "product-backoffice/created"])
    {
        let row = text.lines().find(|line| line.contains(id)).unwrap();
        assert!(row.contains("success") && row.trim_end().ends_with(action), "{row}");
    }
}

fn check_records(project: &Project, ids: &[String; 3]) {
    let [webhook, consumer, created] = ids;
    let record = |id: &str| json_of(project, &["activation", "get", id, "--json"]);
    let (webhook, consumer_record, created) = (record(webhook), record(consumer), record(created));
    let answer = json!({"success": true, "message": "Event published successfully"});
    let answer = json!({"statusCode": 200, "body": {"type": PRODUCT_CREATE, "response": answer}});
    assert_eq!(webhook["response"]["result"], answer);
    assert_eq!(created["cause"], json!(consumer));
    assert_eq!(consumer_record["cause"], Value::Null);
    let success = json!({"statusCode": 200, "body": {"success": true, "message": "Product created successfully"}});
    assert_eq!(created["response"]["result"], success);
    for (record, name) in [(&webhook, "webhook"), (&consumer_record, "consumer"), (&created, "created")] {
        assert_eq!(record["name"], name);
        assert_eq!((&record["response"]["success"], &record["response"]["status"]), (&json!(true), &json!("success")));
        let (start, end) = (record["start"].as_i64().unwrap(), record["end"].as_i64().unwrap());
        assert!(start > 1_500_000_000_000 && start <= end, "{record}");
        assert_eq!(record["duration"], end - start);
    }
    // An id may be written with hyphens, as the event's own.
    let event = created["annotations"].as_array().unwrap().iter().find(|pair| pair["key"] == "event").unwrap();
    assert_eq!(record(event["value"].as_str().unwrap()), webhook);
    assert_eq!(json_of(project, &["activation", "get", consumer, "--json"]), consumer_record);
}

/// A command that fails, and the texts that its complaint has.
fn check_refused(project: &Project, arguments: &[&str], texts: &[&str]) {
    let output = project.run(arguments);
    assert!(output.status.code().is_some_and(|code| code != 0), "{arguments:?}: {output:?}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
    for text in texts {
        assert!(stderr(&output).contains(text), "{arguments:?}: no `{text}` in:\n{}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_shown_is_said_with_a_hint() {
    let project = Project::new();
    let nothing_there: &[&str] = &["no activations can be read", "has a kit run in this folder yet?"];
    check_refused(&project, &["activation", "list"], nothing_there);
    check_refused(&project, &["activation", "get", &"0".repeat(32)], nothing_there);
    assert!(!project.path().join("data").exists(), "looking makes nothing");
    assert_eq!(project.start(&["dev"]).terminate(), Some(0));
    let unknown = "0123456789abcdef0123456789abcdef";
    check_refused(&project, &["activation", "get", unknown], &[unknown, "`kit activation list` shows"]);
    for malformed in ["0123", "not an id", "", "0123456789abcdef0123456789abcdeg"] {
        check_refused(&project, &["activation", "get", malformed], &["an activation id has 32 hex digits"]);
    }
    for limit in ["0", "1001", "many", "1.5"] {
        check_refused(&project, &["activation", "list", "--limit", limit], &["--limit"]);
    }
    check_refused(&project, &["activation"], &["Usage: kit activation"]);
    check_refused(&project, &["unheard-of"], &["unheard-of", "Usage: kit"]);
    check_refused(&project, &["dev", "--unheard-of"], &["--unheard-of", "Usage: kit dev"]);
    assert_eq!(stdout(&project.run(&["activation", "list"])).lines().count(), 1, "no runs, only the header");
    assert_eq!(json_of(&project, &["activation", "list", "--json"]), json!([]));
}

#[test]
fn check_says_that_all_is_in_order() {
    let project = Project::new();
    let output = project.run(&["check"]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        stdout(&output).trim_end().ends_with("actions and their settings are in order for `kit dev`"),
        "{output:?}"
    );
    assert_eq!(
        json_of(&project, &["check", "--json"]),
        json!({"command": "kit dev", "ok": true, "faults": [], "notes": [], "ingestion": []})
    );
    let output = project.run(&["check", "--serve", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&printed["command"], &printed["ok"]), (&json!("kit serve"), &json!(false)));
    let faults = printed["faults"].as_array().unwrap();
    let keys: Vec<&str> = faults.iter().map(|fault| fault["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["COMMERCE_BASE_URL", "COMMERCE_CONSUMER_KEY", "KIT_BACKOFFICE_URL", "KIT_INGESTION_AUTH"]);
    assert!(faults.iter().all(|fault| !fault["problem"].as_str().unwrap().is_empty()), "{printed}");
    assert!(faults.iter().all(|fault| !fault["hint"].as_str().unwrap().is_empty()), "{printed}");
    assert!(!project.path().join("data").exists(), "checking makes nothing");
}

#[test]
fn two_kits_do_not_share_a_port_or_a_folder() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let data = project.path().join("data");
    let port_taken = Project::new().with("KIT_BIND", &kit.address);
    let said = port_taken.refusal(&["dev"]);
    assert!(said.contains(&format!("cannot listen on {}", kit.address)) && said.contains("KIT_BIND"), "{said}");
    assert!(!port_taken.path().join("data").exists(), "a kit that cannot listen makes nothing");
    let same_folder = Project::new().with("KIT_DATA", data.to_str().unwrap());
    for said in [project.refusal(&["dev"]), same_folder.refusal(&["dev"])] {
        assert!(said.contains("data") && said.contains("another process has it open"), "{said}");
        assert!(said.contains("KIT_DATA sets its folder"), "{said}");
    }
    assert_eq!(kit.terminate(), Some(0));
    assert_eq!(same_folder.start(&["dev"]).terminate(), Some(0));
}

#[test]
fn dev_is_for_this_machine_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let said = Project::new().with("KIT_BIND", address).refusal(&["dev"]);
        assert!(said.contains("`KIT_BIND`: expected an address of this machine only"), "{said}");
        assert!(said.contains("hint: use `kit serve`"), "{said}");
    }
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_but_not_for_ever() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "products", "delay_ms": 120_000, "count": 2})).await;
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    assert_eq!(kit.send("2", PRODUCT_UPDATE, &product("A")).await.status, 200);
    assert_eq!(kit.send("3", PRODUCT_CREATE, &product("B")).await.status, 200);
    kit.calls_reach("products", 2).await;
    let begun = Instant::now();
    assert_eq!(kit.terminate(), Some(0));
    assert!(begun.elapsed() < STOP_PATIENCE, "it took {:?}", begun.elapsed());
    // The sandbox is new, so what counts is what comes now: everything, and A's events in their order.
    let kit = project.start(&["dev"]);
    let calls = kit.calls_reach("products", 3).await;
    let of_a: Vec<&Value> = calls.iter().filter(|call| call["body"]["product"]["sku"] == "A").collect();
    assert_eq!([&of_a[0]["method"], &of_a[1]["method"]], ["POST", "PUT"]);
    assert_eq!(calls.len(), 3);
}

#[tokio::test]
async fn a_running_kit_says_how_it_is_and_logs_no_token() {
    let project = Project::new().with("LOG_LEVEL", "debug");
    let kit = project.start(&["dev"]);
    for path in ["/health/live", "/health/ready"] {
        let health = kit.get(path).await;
        assert_eq!((health.status, &health.body), (200, &json!({"status": "ok"})), "{path}");
    }
    kit.fault(&json!({"target": "commerce", "path": "products", "status": 503})).await;
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.calls_reach("products", 2).await;
    assert_eq!(kit.send("2", PRODUCT_CREATE, &json!({})).await.status, 400);
    assert_eq!(kit.terminate(), Some(0));
    check_log(&project.path().join("kit.log"));
}

fn check_log(path: &Path) {
    let log = std::fs::read_to_string(path).unwrap();
    assert!(!log.contains(TOKEN) && !log.to_lowercase().contains("bearer"), "{log}");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    let says = |text: &str| lines.iter().any(|line| line["message"].as_str().unwrap().contains(text));
    assert!(
        says("providers, events and registrations follow the files") && says("will be tried again") && says("stopped"),
        "{log}"
    );
}

#[test]
fn a_command_whose_reader_has_gone_ends_quietly() {
    // `kit ... | head` ended in a panic when the rest could not be printed. It ends like other programs then: without a
    // word, and with the exit code of a broken pipe.
    let project = Project::new();
    for arguments in
        [&["action", "list"][..], &["action", "list", "--json"], &["check"], &["action", "get", "starter-kit/info"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = project.command(arguments).stdin(Stdio::null()).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(141), ""), "{arguments:?}");
    }
}
