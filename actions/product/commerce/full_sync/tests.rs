use std::future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use sdk::web::{Request, WebAction};
use sdk::{Call, Inputs, Reply, Stop, TargetPort};
use serde_json::{Value, json};
use testkit::{Bench, FakeMemory, Recorder, context};

use super::*;

const NOON: Timestamp = Timestamp::constant(1_767_268_800, 0);
const NOON_TEXT: &str = "2026-01-01T12:00:00Z";

/// An action, the store and the back office that it stands between, and what it remembers.
struct World {
    action: FullSync,
    memory: FakeMemory,
    graphql: Recorder,
    backoffice: Recorder,
}

impl World {
    /// The store answers these, one by one.
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let graphql = replies.into_iter().fold(Recorder::new(), Recorder::then);
        let action = FullSync { clock: || NOON, is_running: AtomicBool::new(false) };
        Self { action, memory: FakeMemory::new(), graphql, backoffice: Recorder::new() }
    }

    /// The next run, with a store and a back office of its own.
    fn then(self, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { memory: self.memory, ..Self::new(replies) }
    }

    fn taking(self, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { backoffice: replies.into_iter().fold(Recorder::new(), Recorder::then), ..self }
    }

    fn bench(&self) -> Bench {
        context().memory(self.memory.clone()).graphql(self.graphql.clone()).backoffice(self.backoffice.clone())
    }

    async fn ask(&self, method: Method, body: &str) -> (u16, Value) {
        ask(&self.action, self.bench(), method, body).await
    }

    async fn post(&self, body: &str) -> (u16, Value) {
        self.ask(Method::POST, body).await
    }

    async fn progress(&self) -> Value {
        let (status, shown) = self.ask(Method::GET, "").await;
        assert_eq!(status, 200);
        shown
    }

    /// The pages that Commerce was asked for.
    fn asked(&self) -> Vec<Value> {
        let read = |call: Call| {
            assert_eq!((&call.method, &*call.path), (&Method::POST, ""));
            let body: Value = serde_json::from_slice(&call.body.unwrap()).unwrap();
            assert!(body["query"].as_str().unwrap().starts_with("query GetProducts("));
            body["variables"]["currentPage"].clone()
        };
        self.graphql.calls().into_iter().map(read).collect()
    }

    /// The pages that the back office was sent, with the SKUs of their products.
    fn sent(&self) -> Vec<(u64, usize)> {
        let read = |call: Call| {
            assert_eq!((&call.method, &*call.path), (&Method::POST, "products/pages"));
            let body: Value = serde_json::from_slice(&call.body.unwrap()).unwrap();
            (body["page"].as_u64().unwrap(), body["items"].as_array().unwrap().len())
        };
        self.backoffice.calls().into_iter().map(read).collect()
    }
}

async fn ask(action: &FullSync, bench: Bench, method: Method, body: &str) -> (u16, Value) {
    let request =
        Request { method, headers: HeaderMap::new(), query: None, body: Bytes::from(body.to_owned()), peer: None };
    let answer = action.run(&bench.build(), request).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// A page of so many products in a store that has `total`.
fn page(products: usize, total: usize) -> Reply {
    let items: Vec<Value> = (0..products).map(|number| json!({"sku": number, "name": "x"})).collect();
    Reply::new(200, json!({"data": {"products": {"items": items, "total_count": total}}}))
}

fn refused_query(message: &str) -> Reply {
    Reply::new(200, json!({"errors": [{"extensions": {}}, {"message": message}], "data": {"products": null}}))
}

fn status(status: u16) -> Reply {
    Reply::new(status, Value::Null)
}

#[tokio::test]
async fn all_pages_reach_the_back_office_and_the_report_says_so() {
    let world = World::new([page(20, 45), page(20, 45), page(5, 45)]);
    let (status, body) = world.post("").await;
    let message = "Sync process completed successfully. Processed 3 pages: 3 succeeded, 0 failed. Results: \
        [{\"page\":1,\"success\":true},{\"page\":2,\"success\":true},{\"page\":3,\"success\":true}]";
    let results = json!([
        {"page": 1, "success": true, "products": 20},
        {"page": 2, "success": true, "products": 20},
        {"page": 3, "success": true, "products": 5},
    ]);
    let report = json!({"success": true, "message": message, "pages": 3, "succeeded": 3, "failed": 0, "products": 45,
        "resumedFrom": 1, "results": results});
    assert_eq!((status, body), (200, report));
    assert_eq!(world.asked(), [1, 2, 3]);
    assert_eq!(world.sent(), [(1, 20), (2, 20), (3, 5)]);
    let variables = serde_json::from_slice::<Value>(&world.graphql.calls()[1].body.clone().unwrap()).unwrap();
    assert_eq!(variables["variables"], json!({"pageSize": 20, "currentPage": 2}));
    let done = json!({"state": "done", "page": 3, "pages": 3, "sent": 3, "failed": 0, "products": 45, "pageSize": 20,
        "startedAt": NOON_TEXT, "updatedAt": NOON_TEXT, "error": null});
    assert_eq!(world.progress().await, done);
    // What is done is done again from the start.
    let again = world.then([page(1, 1)]);
    assert_eq!(again.post("").await.1["resumedFrom"], 1);
}

#[tokio::test]
async fn an_empty_store_is_one_page_without_a_call_to_the_back_office() {
    let world = World::new([page(0, 0)]);
    let (status, body) = world.post("").await;
    assert_eq!((status, &body["pages"], &body["products"]), (200, &json!(1), &json!(0)));
    assert_eq!(body["results"], json!([{"page": 1, "success": true, "products": 0}]));
    assert!(world.sent().is_empty());
    let shown = world.progress().await;
    assert_eq!((&shown["state"], &shown["page"], &shown["sent"]), (&json!("done"), &json!(1), &json!(0)));
}

#[tokio::test]
async fn nothing_has_run_yet() {
    let world = World::new([]);
    let idle = json!({"state": "idle", "page": 0, "pages": 0, "sent": 0, "failed": 0, "products": 0, "pageSize": 20,
        "startedAt": null, "updatedAt": null, "error": null});
    assert_eq!(world.progress().await, idle);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn the_newest_count_decides_how_many_pages_there_are() {
    let grown = World::new([page(2, 2), page(2, 5), page(1, 5)]);
    assert_eq!(grown.post(r#"{"pageSize":2}"#).await.1["pages"], 1, "one page was all there was");
    let grown = World::new([page(2, 3), page(2, 5), page(1, 5)]);
    assert_eq!(grown.post(r#"{"pageSize":2}"#).await.1["pages"], 3);
    let shrunk = World::new([page(2, 9), page(2, 4)]);
    assert_eq!(shrunk.post(r#"{"pageSize":2}"#).await.1["pages"], 2);
    assert_eq!(shrunk.progress().await["pages"], 2);
}

#[tokio::test]
async fn a_page_behind_the_end_is_the_end() {
    let too_large = || refused_query("currentPage value 3 specified is greater than the 2 page(s) available.");
    let world = World::new([page(2, 5), page(2, 5), too_large(), page(2, 4)]);
    let (status, body) = world.post(r#"{"pageSize":2}"#).await;
    assert_eq!((status, &body["pages"], &body["success"]), (200, &json!(2), &json!(true)));
    assert_eq!(world.asked(), [1, 2, 3, 1]);
    let shown = world.progress().await;
    assert_eq!((&shown["state"], &shown["page"], &shown["pages"]), (&json!("done"), &json!(2), &json!(2)));
    // When the first page says that there is such a page, the refusal is one.
    let world = World::new([page(2, 5), too_large(), page(2, 5)]);
    let (status, body) = world.post(r#"{"pageSize":2}"#).await;
    assert_eq!((status, &body["failedPage"]), (502, &json!(2)));
}

#[tokio::test(start_paused = true)]
async fn a_page_is_repeated_while_a_target_asks_for_it() {
    let hurried = Reply { retry_after: Some(Duration::from_secs(4)), ..status(429) };
    let world = World::new([status(503), page(1, 1), page(1, 1), page(1, 1)]).taking([hurried, status(500)]);
    let begun = tokio::time::Instant::now();
    assert_eq!(world.post("").await.0, 200);
    assert_eq!(begun.elapsed(), Duration::from_millis(500 + 4_000 + 2_000));
    assert_eq!(world.asked(), [1, 1, 1, 1]);
    assert_eq!(world.sent(), [(1, 1), (1, 1), (1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_where_a_page_fails_and_the_next_one_goes_on_there() {
    let world = World::new([page(20, 45), page(20, 45), page(20, 45), page(20, 45), page(20, 45)]).taking([
        status(200),
        status(503),
        status(503),
        status(503),
        status(503),
        status(200),
    ]);
    let (code, body) = world.post("").await;
    let results = json!([
        {"page": 1, "success": true, "products": 20},
        {"page": 2, "success": false, "message": "the back office answered 503", "statusCode": 503},
    ]);
    let report = json!({"success": false, "error": "Sync process stopped at page 2: the back office answered 503",
        "pages": 2, "succeeded": 1, "failed": 1, "failedPage": 2, "products": 20, "resumedFrom": 1,
        "results": results});
    assert_eq!((code, body), (503, report));
    let failed = world.progress().await;
    assert_eq!((&failed["state"], &failed["page"], &failed["pages"]), (&json!("failed"), &json!(1), &json!(3)));
    assert_eq!((&failed["failed"], &failed["error"]), (&json!(1), &json!("the back office answered 503")));

    let world = world.then([page(20, 45), page(5, 45)]);
    let (code, body) = world.post("").await;
    assert_eq!(
        (code, &body["resumedFrom"], &body["pages"], &body["products"]),
        (200, &json!(2), &json!(2), &json!(25))
    );
    assert_eq!(world.asked(), [2, 3]);
    let done = world.progress().await;
    assert_eq!((&done["state"], &done["products"], &done["sent"]), (&json!("done"), &json!(45), &json!(3)));
    assert_eq!((&done["failed"], &done["error"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn another_page_size_or_a_restart_starts_over() {
    for (body, first) in [(r#"{"pageSize":5}"#, 2), (r#"{"pageSize":6}"#, 1), (r#"{"pageSize":5,"restart":true}"#, 1)] {
        let world = World::new([page(5, 12), status(404)]);
        let (status, report) = world.post(r#"{"pageSize":5}"#).await;
        assert_eq!((status, &report["error"]), (404, &json!("Sync process stopped at page 2: Commerce answered 404")));
        let world = world.then([page(1, 1)]);
        assert_eq!(world.post(body).await.1["resumedFrom"], first, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_targets_say_decides_the_answer() {
    let check = async |world: World, status: u16, error: &str| {
        let (answered, body) = world.post("").await;
        assert_eq!(
            (answered, body["error"].as_str()),
            (status, Some(&*format!("Sync process stopped at page 1: {error}")))
        );
        assert_eq!((&body["success"], &body["failed"], &body["succeeded"]), (&json!(false), &json!(1), &json!(0)));
        assert_eq!(body["failedPage"], 1);
    };
    let said = Reply { error: Some("Commerce answered 401: who are you?".to_owned()), ..status(401) };
    check(World::new([said]), 401, "Commerce answered 401: who are you?").await;
    check(World::new([status(302)]), 502, "Commerce answered 302").await;
    check(World::new([refused_query("no such field")]), 502, "Commerce refused the query: no such field").await;
    let silent = Reply::new(200, json!({"errors": [{}]}));
    check(World::new([silent]), 502, "Commerce refused the query: it gives no reason").await;
    for strange in [Value::Null, json!({"data": {"products": {"items": {}, "total_count": 1}}}), json!({"data": null})]
    {
        check(World::new([Reply::new(200, strange)]), 502, "Commerce's answer has no list of products").await;
    }
    check(World::new([page(1, 1)]).taking([status(422)]), 422, "the back office answered 422").await;

    let unreachable = || Stop::retry("Commerce cannot be reached");
    let graphql = (0..4).fold(Recorder::new(), |graphql, _| graphql.then_stop(unreachable()));
    check(World { graphql, ..World::new([]) }, 503, "Commerce cannot be reached").await;
    let backoffice = Recorder::new().then_stop(Stop::park("no back office is set"));
    check(World { backoffice, ..World::new([page(1, 1)]) }, 422, "no back office is set").await;
}

#[tokio::test]
async fn long_runs_list_their_last_pages() {
    let world = World::new((0..1_005).map(|_| page(1, 1_005)));
    let (status, body) = world.post(r#"{"pageSize":1}"#).await;
    assert_eq!((status, &body["pages"], &body["products"]), (200, &json!(1_005), &json!(1_005)));
    let results = body["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["page"], &results[999]["page"]), (1_000, &json!(6), &json!(1_005)));
}

/// A back office that never answers.
struct Silent;

#[async_trait]
impl TargetPort for Silent {
    async fn call(&self, _: Call) -> Result<Reply, Stop> {
        future::pending().await
    }
}

#[tokio::test]
async fn one_run_at_a_time() {
    let world = World::new([page(1, 2)]);
    let run = ask(&world.action, world.bench().backoffice(Silent), Method::POST, r#"{"pageSize":1}"#);
    let second = async {
        let (status, body) = world.post("").await;
        let message = "a sync is under way; GET this address to see its progress";
        assert_eq!((status, body), (409, json!({"success": false, "error": message})));
        let shown = world.progress().await;
        assert_eq!((&shown["state"], &shown["page"]), (&json!("running"), &json!(0)));
    };
    tokio::select! {
        biased;
        _ = run => panic!("the back office never answers"),
        () = second => {}
    }
    // The run was cut off, and what is left of it is its lease.
    assert!(!world.action.is_running.load(Ordering::Acquire));
    assert_eq!(world.post("").await.0, 409);
    world.bench().build().state().delete("test/action/lease").await.unwrap();
    let shown = world.progress().await;
    assert_eq!((&shown["state"], &shown["error"]), (&json!("failed"), &json!("the run was cut off")));
    let world = world.then([page(1, 2), page(1, 2)]);
    assert_eq!(world.post(r#"{"pageSize":1}"#).await.0, 200);
    assert_eq!(world.progress().await["state"], "done");
}

#[tokio::test]
async fn wrong_requests_and_inputs_start_nothing() {
    let world = World::new([]);
    let (status, body) = world.post(r#"{"pageSize":0}"#).await;
    let message = "`pageSize` must be a whole number from 1 to 300";
    assert_eq!((status, body), (400, json!({"success": false, "error": message})));
    assert_eq!(world.post(r#"{"restart":5}"#).await.0, 400);
    assert_eq!(world.progress().await["state"], "idle");
    let inputs = Inputs::new([("BACKOFFICE_METHOD".to_owned(), json!("GET"))].into());
    assert!(world.action.check_inputs(&inputs).unwrap_err().contains("`BACKOFFICE_METHOD`"));
    let bench = world.bench().input("BACKOFFICE_PATH", "/absolute");
    assert_eq!(ask(&world.action, bench, Method::POST, "").await.0, 500);
    assert!(world.asked().is_empty());
    assert_eq!(world.action.methods(), [Method::GET, Method::POST]);
}

#[tokio::test]
async fn the_inputs_say_how_the_back_office_takes_a_page() {
    let world = World::new([page(1, 1)]);
    let bench = world.bench().input("BACKOFFICE_METHOD", "PUT").input("BACKOFFICE_PATH", "catalogue/page");
    assert_eq!(ask(&world.action, bench, Method::POST, "").await.0, 200);
    let call = world.backoffice.calls().remove(0);
    assert_eq!((call.method, &*call.path), (Method::PUT, "catalogue/page"));
}

#[tokio::test]
async fn what_an_older_version_noted_is_no_obstacle() {
    let world = World::new([page(1, 1)]);
    let cx = world.bench().build();
    cx.state().put("test/action/progress", b"{\"pages\":7}".to_vec(), Duration::from_mins(1)).await.unwrap();
    assert_eq!(world.progress().await["state"], "idle");
    assert_eq!(world.post("").await.0, 200);
}
