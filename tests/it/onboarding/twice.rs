use std::collections::HashSet;

use serde_json::Value;

use super::Bench;
use crate::support::Project;

#[tokio::test(flavor = "multi_thread")]
async fn the_second_run_sends_no_write() {
    let bench = Bench::new().await;
    let told = bench.ok(&["onboard"]);
    assert!(told.contains("[1/31] create  provider                Commerce Provider - local\n"), "{told}");
    assert!(told.ends_with("\n31 created, 0 updated, 0 deleted, 0 left as they are\n"), "{told}");
    assert_eq!(bench.proxy.take().iter().filter(|call| call.is_write()).count(), 31);
    assert_eq!((bench.providers().await.len(), bench.registrations().await.len()), (2, 8));
    let before = bench.snapshot().await;

    assert_eq!(bench.ok(&["onboard"]), "0 created, 0 updated, 0 deleted, 31 left as they are\n");
    let calls = bench.proxy.take();
    assert!(!calls.is_empty() && !calls.iter().any(super::proxy::Call::is_write), "{calls:?}");
    assert_eq!(bench.snapshot().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_and_does_nothing() {
    let bench = Bench::new().await;
    let told = bench.ok(&["onboard", "--dry-run"]);
    assert!(told.contains("create  registration            Backoffice Stock Sync\n"), "{told}");
    assert!(
        told.ends_with("31 to create, 0 to update, 0 to delete, 0 as they should be; nothing was changed\n"),
        "{told}"
    );
    assert_eq!(bench.providers().await.len(), 0);
    let folder = bench.project.path().join("data");
    assert!(!folder.exists(), "it makes no folder and no file");
    bench.ok(&["offboard", "--dry-run"]);
    assert!(!folder.exists());
    // Who only looks needs no place to write.
    std::fs::write(&folder, "").unwrap();
    let said = bench.fails(&["onboard"]);
    assert!(
        said.starts_with("error: the folder ./data cannot be used; KIT_DATA sets it: a folder of its own"),
        "{said}"
    );
    std::fs::remove_file(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_what_adobes_kit_returns() {
    let bench = Bench::new().await;
    let printed: Value = serde_json::from_str(&bench.ok(&["onboard", "--json"])).unwrap();
    let (providers, registrations) = (bench.providers().await, bench.registrations().await);
    let of =
        |key: &str| printed["providers"].as_array().unwrap().iter().find(|found| found["key"] == key).unwrap().clone();
    let (commerce, backoffice) = (of("commerce"), of("backoffice"));
    let workspace = bench.service.variable("IO_WORKSPACE_ID");
    assert_eq!(commerce["instanceId"], format!("commerce-kit-commerce-{workspace}"));
    assert_eq!(backoffice["label"], "Backoffice Provider - local");
    for (made, code) in [(&commerce, "com.adobe.commerce.observer."), (&backoffice, "be-observer.")] {
        let found = providers.iter().find(|found| found["id"] == made["id"]).unwrap();
        let events = found["_embedded"]["eventmetadata"].as_array().unwrap();
        // No provider gets the events of the other.
        assert!(
            !events.is_empty() && events.iter().all(|event| event["event_code"].as_str().unwrap().starts_with(code))
        );
    }
    let ids =
        |list: &[Value]| -> HashSet<String> { list.iter().map(|found| found["registration_id"].to_string()).collect() };
    assert_eq!(ids(printed["registrations"].as_array().unwrap()), ids(&registrations));
    for found in &registrations {
        let name = found["name"].as_str().unwrap();
        assert!(name.len() <= 25 && found["description"] == name, "{found}");
        assert_eq!(
            (&found["delivery_type"], &found["client_id"]),
            (&"journal".into(), &bench.service.variable("OAUTH_CLIENT_ID").into())
        );
    }
    let record: Value = serde_json::from_str(&bench.project.read("data/onboarding.json")).unwrap();
    assert_eq!(record["providers"][0]["id"], commerce["id"]);
    assert_eq!(record["registrations"].as_array().unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_end_in_one_state() {
    let bench = Bench::new().await;
    let other: Project = Bench::client(&bench.service, &bench.proxy);
    let (one, two) = (bench.project.command(&["onboard"]), other.command(&["onboard"]));
    let runs = [one, two].map(|command| {
        std::thread::spawn(move || {
            let mut command = command;
            command.output().unwrap()
        })
    });
    let outputs = tokio::task::block_in_place(|| runs.map(|run| run.join().unwrap()));
    let said: Vec<String> = outputs.iter().map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).collect();
    // Who comes second on something looks again, as often as the other one has done something meanwhile.
    assert!(outputs.iter().all(|output| output.status.success()), "{said:?}");
    for project in [&bench.project, &other] {
        let output = super::run(project, &["onboard"]);
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!((bench.providers().await.len(), bench.registrations().await.len()), (2, 8));
    bench.proxy.take();
    bench.ok(&["onboard"]);
    assert!(!bench.proxy.take().iter().any(super::proxy::Call::is_write));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_has_one_run_at_a_time() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let lock = std::fs::File::options().write(true).open(bench.project.path().join("data/onboarding.lock")).unwrap();
    lock.lock().unwrap();
    let said = bench.fails(&["onboard"]);
    assert!(said.starts_with("error: another onboarding of this folder is under way\n  hint: "), "{said}");
    lock.unlock().unwrap();
    bench.ok(&["onboard"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn offboarding_asks_and_takes_everything_away() {
    let bench = Bench::new().await;
    bench.ok(&["onboard"]);
    let said = bench.fails(&["offboard"]);
    assert!(said.contains("nobody is here to be asked: remove 10 things at the events API?"), "{said}");
    assert_eq!(bench.registrations().await.len(), 8);
    // Also without what the earlier run left.
    std::fs::remove_file(bench.project.path().join("data/onboarding.json")).unwrap();
    assert!(bench.ok(&["offboard", "--yes"]).ends_with("0 created, 0 updated, 10 deleted, 0 left as they are\n"));
    assert_eq!((bench.providers().await.len(), bench.registrations().await.len()), (0, 0));
    assert_eq!(bench.ok(&["offboard", "--yes"]), "0 created, 0 updated, 0 deleted, 0 left as they are\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_service_is_onboarded_in_its_folder() {
    let project = Project::new();
    let run = |arguments: &'static [&'static str]| {
        let output = project.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(
        run(&["onboard", "--dry-run"])
            .ends_with("31 to create, 0 to update, 0 to delete, 0 as they should be; nothing was changed\n")
    );
    assert!(run(&["onboard"]).ends_with("31 created, 0 updated, 0 deleted, 0 left as they are\n"));
    assert_eq!(run(&["onboard"]), "0 created, 0 updated, 0 deleted, 31 left as they are\n");
    let kit = project.start(&["dev"]);
    assert_eq!(run(&["onboard"]), "0 created, 0 updated, 0 deleted, 31 left as they are\n");
    let events = project.read("onboarding/config/events.json");
    project.write("onboarding/config/events.json", &events.replace("99.99", "98.5"));
    let refused = project.run(&["onboard"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("a kit runs on the folder KIT_DATA"), "{said}");
    drop(kit);
    assert!(run(&["onboard"]).contains(
        "[1/1] update  event metadata          be-observer.catalog_product_update  (sample_event_template)\n"
    ));
}
