//! `kit activation rerun`: a recorded run again, with the record in the place of the world.

use serde_json::{Value, json};

use crate::support::{Project, RUNTIME_AUTH, Server};

const STATUS_UPDATE: &str = "be-observer.sales_order_status_update";

/// The recorded runs as the command line lists them, newest first.
fn runs(project: &Project) -> Vec<Value> {
    let output = project.run(&["activation", "list", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn has_name(run: &Value, action: &str) -> bool {
    run.to_string().contains(&format!("\"{action}\"")) || run["action"] == action
}

/// Waits until a run of the action is on record; its id.
async fn run_of(project: &Project, kit: &Server, action: &str) -> String {
    let find = || async {
        let run = runs(project).into_iter().find(|run| has_name(run, action))?;
        Some(run["activationId"].as_str().unwrap().to_owned())
    };
    kit.until(action, find).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_runs_again_on_what_is_recorded_and_touches_nothing() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    let update = json!({"id": 4711, "status": "complete", "notifyCustomer": false});
    assert_eq!(kit.send("order-1", STATUS_UPDATE, &update).await.status, 200);
    let handler = run_of(&project, &kit, "order-backoffice/updated").await;
    let calls = kit.calls("orders/4711/comments").await.len();
    let recorded = runs(&project).len();

    let output = project.run(&["activation", "rerun", &handler, "--json"]);
    assert!(output.status.success(), "{output:?}");
    let again: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let actions: Vec<&Value> = again.iter().map(|run| &run["action"]).collect();
    assert_eq!(actions, ["order-backoffice/consumer", "order-backoffice/updated"], "the whole attempt runs");
    assert_eq!((&again[1]["recorded"]["activationId"], &again[1]["status"]), (&json!(handler), &json!(404)));
    assert_eq!(again[1]["recorded"]["result"], again[1]["result"]);
    let call = &again[1]["calls"][0];
    assert_eq!(
        (&call["compared"], &call["status"], &call["path"]),
        (&json!("same"), &json!(404), &json!("orders/4711/comments"))
    );

    let output = project.run(&["activation", "rerun", &handler]);
    let said = String::from_utf8(output.stdout).unwrap();
    for part in ["order-backoffice/updated", "commerce POST orders/4711/comments", "same", "Commerce answered 404"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "nothing was sent, and nothing was written\n");
    assert_eq!(kit.calls("orders/4711/comments").await.len(), calls, "nothing was sent");
    assert_eq!(runs(&project).len(), recorded, "nothing was written");

    // From another folder, of the kit that runs.
    let elsewhere = Project::new().with("KIT_URL", &kit.url("/")).with("KIT_API_KEY", RUNTIME_AUTH);
    let output = elsewhere.run(&["activation", "rerun", &handler, "--json"]);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap(), again, "{output:?}");

    // The run that took the event in is no delivery of it.
    let ingestion = run_of(&project, &kit, "ingestion/webhook").await;
    for (id, text) in
        [(ingestion.as_str(), "is no run on a delivered event"), (&"0".repeat(32), "there is no activation")]
    {
        let said = project.refusal(&["activation", "rerun", id]);
        assert!(said.contains(text) && said.contains("hint: "), "{said}");
    }
    assert_eq!(kit.terminate(), Some(0));
}
