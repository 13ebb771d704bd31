//! A secret that leaks is found by the search that all tests make, wherever it leaks: the program is built to leak one.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::http::StatusCode;

use crate::support::{Answer, Project, TOKEN};
use crate::telemetry::world::{Collector, Commerce, project};

/// What the search says as the kit ends.
#[track_caller]
fn check(said: Result<(), Box<dyn Any + Send>>, places: &[&str]) {
    let said = said.expect_err("a leak is found");
    let said = said.downcast_ref::<String>().expect("a panic with a text");
    for place in places {
        assert!(said.contains(&format!("`KIT_SANDBOX_TOKEN` is in {place}")), "not in {place}: {said}");
    }
    assert!(!said.contains(TOKEN), "the search itself tells no secret: {said}");
}

#[track_caller]
fn check_at_end(way: &str, places: &[&str]) {
    let kit_project = Project::new().with("PLANTED_LEAK", way);
    let kit = kit_project.start(&["dev"]);
    check(catch_unwind(AssertUnwindSafe(|| drop(kit))), places);
}

#[test]
fn a_line_of_the_log_is_found() {
    check_at_end("log", &["the log"]);
}

#[test]
fn the_message_of_a_panic_is_found() {
    check_at_end("panic", &["the log"]);
}

#[test]
fn a_row_of_the_store_is_found_in_its_file_and_in_its_column() {
    check_at_end("activation", &["the file `kit.db", "a row of `activation`, column `result`"]);
}

#[tokio::test]
async fn an_answer_is_found() {
    let kit_project = Project::new().with("PLANTED_LEAK", "answer");
    let kit = kit_project.start(&["dev"]);
    let request = kit.client.get(kit.url("/planted"));
    let said = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(Answer::of(request))).await;
    check(said.map(drop), &["an answer of `/planted`"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attribute_of_a_span_is_found() {
    let ((_commerce, commerce), (collector, url)) = (Commerce::open(StatusCode::OK).await, Collector::open().await);
    let kit_project = project(&commerce, &url).with("PLANTED_LEAK", "span");
    let kit = kit_project.start(&["dev"]);
    let has_come = || async { collector.spans().iter().any(|span| span.name == "planted").then_some(()) };
    kit.until("the planted span", has_come).await;
    check(catch_unwind(AssertUnwindSafe(|| drop(kit))), &["a trace"]);
}

#[test]
fn without_a_plant_nothing_is_found() {
    let kit_project = Project::new();
    drop(kit_project.start(&["dev"]));
}
