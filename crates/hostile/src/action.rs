use http::{HeaderMap, Method};
use sdk::web::Request;
use sdk::{Entry, json};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("the test has a runtime");
}

/// Any action on events answers any data with a result that names its number, and `check-stock` any body with an
/// operation. The first byte picks the action, the second the event's code.
pub fn action(input: &[u8]) {
    let [pick, code, data @ ..] = input else { return };
    let table = actions::table().into_entries();
    let (name, entry) = table.iter().nth(usize::from(*pick) % table.len()).expect("the table has actions");
    let specs = [actions::EVENTS, actions::COMMERCE_EVENTS].concat();
    let code = specs[usize::from(*code) % specs.len()].code;
    RUNTIME.with(|runtime| match entry {
        Entry::Event(action) => {
            let Ok(document) = json::check(data) else { return };
            let value: Value = serde_json::from_str(document).expect("a checked document is JSON");
            let bench = testkit::context().input("BACKOFFICE_METHOD", "PUT").input("BACKOFFICE_PATH", "a/{sku}/{id}");
            let answer = runtime.block_on(bench.run(&**action, &testkit::event(code, &value)));
            let result = answer.result.get("error").unwrap_or(&answer.result);
            assert_eq!(result["statusCode"], answer.status, "{name}");
        }
        Entry::Web(action) if *name == "webhook/check_stock" => {
            let body = data.to_vec().into();
            let request = Request { method: Method::POST, headers: HeaderMap::new(), query: None, body, peer: None };
            let answer = runtime.block_on(action.run(&testkit::context().build(), request));
            let answered: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
            assert!(answer.status == 200 && answered["op"].is_string());
        }
        // No function of the table is a sequence.
        Entry::Web(_) | Entry::Sequence(_) => {}
        Entry::Runtime(action) => {
            let Ok(Value::Object(params)) = serde_json::from_slice(data) else { return };
            let result = runtime.block_on(action.run(&testkit::context().build(), params));
            assert!(result.is_object(), "{name}");
        }
    });
}
