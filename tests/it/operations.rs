//! What a running kit says of itself, and what it does when it is asked to by a job.

use std::time::Duration;

use serde_json::json;
use store::{Beside, Job, JobState, Reader};
use uuid::Uuid;

use crate::support::{PRODUCT_CREATE, Project, Server, product};

/// The sample lines of a metric.
async fn lines(kit: &Server, metric: &str) -> Vec<String> {
    let text = kit.get("/metrics").await.text;
    let is_its = |line: &&str| line.strip_prefix(metric).is_some_and(|rest| rest.starts_with([' ', '{']));
    text.lines().filter(is_its).map(str::to_owned).collect()
}

async fn until_line(kit: &Server, metric: &str, line: &str) {
    kit.until(line, || async { lines(kit, metric).await.iter().any(|found| found == line).then_some(()) }).await;
}

#[tokio::test]
async fn the_metrics_say_what_was_taken_in_and_what_became_of_it() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    for _ in 0..2 {
        assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    }
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("B")).await.status, 409);
    assert_eq!(kit.send("2", PRODUCT_CREATE, &json!({})).await.status, 400);
    assert_ne!(kit.send("3", "be-observer.nothing", &json!({})).await.status, 200);
    let code = format!("code=\"{PRODUCT_CREATE}\"");
    let line = format!("kit_deliveries_total{{{code},outcome=\"done\"}} 1");
    until_line(&kit, "kit_deliveries_total", &line).await;
    assert_eq!(lines(&kit, "kit_events_ingested_total").await, [format!("kit_events_ingested_total{{{code}}} 1")]);
    assert_eq!(lines(&kit, "kit_events_repeated_total").await, ["kit_events_repeated_total 1"]);
    let mut refused = lines(&kit, "kit_ingestion_refused_total").await;
    refused.sort();
    let reasons = ["invalid", "uid_taken", "unknown_event"];
    assert_eq!(refused, reasons.map(|reason| format!("kit_ingestion_refused_total{{reason=\"{reason}\"}} 1")));
    until_line(&kit, "kit_unready", "kit_unready{reason=\"unserved\"} 0").await;
    assert!(!lines(&kit, "kit_store_commit_seconds_bucket").await.is_empty(), "commits have buckets");
    let lags = lines(&kit, "kit_delivery_lag_seconds").await;
    assert!(lags.iter().any(|line| line.contains("registration=\"backoffice-product-sync\"")), "{lags:?}");
}

#[tokio::test]
async fn a_job_that_is_written_beside_a_running_kit_is_carried_out() {
    let project = Project::new();
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "products", "status": 400, "count": 1})).await;
    let answer = kit.send("1", PRODUCT_CREATE, &product("A")).await;
    assert_eq!(answer.status, 200);
    let line = format!("kit_deliveries_total{{code=\"{PRODUCT_CREATE}\",outcome=\"refused\"}} 1");
    until_line(&kit, "kit_deliveries_total", &line).await;
    let data = project.path().join("data");
    let job = Job {
        id: Uuid::now_v7(),
        created: jiff::Timestamp::now() + Duration::from_secs(1),
        state: JobState::Waiting,
        document: json!({"replay": {"ids": ["1"], "rate_per_second": 50, "repeats_effect": false}}).to_string(),
        progress: String::new(),
    };
    Beside::open(&data).unwrap().put_job(&job).unwrap();
    let reader = Reader::open(&data).unwrap();
    let done = kit
        .until("the end of the job", || async {
            reader.jobs().unwrap().into_iter().find(|other| other.id == job.id && !other.state.is_open())
        })
        .await;
    assert_eq!(done.state, JobState::Done, "{}", done.progress);
    assert_eq!(kit.calls_reach("products", 2).await.len(), 2);
    assert_eq!(kit.product("A").await.status, 200);
}
