//! Every row of the contract's table of endpoints, in the order in which one can be called after the other.

use serde_json::{Value, json};

use crate::world::{ORG, WORKSPACE, World};

/// Ids that the service gave, by the words that stand for them in paths.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }
}

/// Calls, compares the status, and checks that these members are as they should be.
async fn check(world: &World, ids: &Ids, row: (&str, &str, Value), expected: (u16, &[(&str, Value)])) -> Value {
    let (method, path, body) = row;
    let path = ids.put_into(path);
    let body: Value = serde_json::from_str(&ids.put_into(&body.to_string())).unwrap();
    let answer = match method {
        "PATCH" => world.patch(&path, &body).await,
        "POST" | "PUT" if !body.is_null() => world.write(method, &path, &body).await,
        _ => world.send(world.request(method, &path), "").await,
    };
    let (status, members) = expected;
    let answered = answer.is(status);
    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{method} {path}");
    for (pointer, member) in members {
        let member: Value = serde_json::from_str(&ids.put_into(&member.to_string())).unwrap();
        assert_eq!(answered.pointer(pointer), Some(&member), "{method} {path} {pointer}: {answered}");
    }
    answer.body
}

#[tokio::test]
async fn providers_and_their_events() {
    let world = World::new().await;
    let mut ids = Ids(vec![("{org}", ORG.to_owned()), ("{ws}", WORKSPACE.to_owned())]);
    let none = || Value::Null;
    let made = check(&world, &ids, ("POST", "{ws}/providers", json!({"label": "Orders"})), (201, &[])).await;
    ids.0.push(("{pid}", made["id"].as_str().unwrap().to_owned()));
    let event = json!({"event_code": "a.b", "label": "A", "description": "B", "sample_event_template": "eyJhIjoxfQ=="});
    let label = |label: &str| json!([{"op": "replace", "path": "/label", "value": label}]);
    let list = [("/_embedded/providers/0/id", json!("{pid}"))];
    check(&world, &ids, ("GET", "{org}/providers", none()), (200, &list)).await;
    check(&world, &ids, ("GET", "/events/providers/{pid}", none()), (200, &[("/id", json!("{pid}"))])).await;
    let path = "{ws}/providers/{pid}";
    check(&world, &ids, ("PUT", path, json!({"label": "New"})), (200, &[("/label", json!("New"))])).await;
    check(&world, &ids, ("PATCH", path, label("Newer")), (200, &[("/label", json!("Newer"))])).await;
    check(&world, &ids, ("PATCH", path, label("Newer")), (204, &[])).await;
    let kinds = [("/_embedded/providermetadata/0/id", json!("3rd_party_custom_events"))];
    check(&world, &ids, ("GET", "/events/providermetadata", none()), (200, &kinds)).await;

    let (events, code) = ("{ws}/providers/{pid}/eventmetadata", "{ws}/providers/{pid}/eventmetadata/a.b");
    let read = "/events/providers/{pid}/eventmetadata";
    check(&world, &ids, ("POST", events, event.clone()), (201, &[("/event_code", json!("a.b"))])).await;
    let list = [("/_embedded/eventmetadata/0/event_code", json!("a.b"))];
    check(&world, &ids, ("GET", read, none()), (200, &list)).await;
    let one = [("/label", json!("A"))];
    check(&world, &ids, ("GET", &format!("{read}/a.b"), none()), (200, &one)).await;
    check(&world, &ids, ("PUT", code, event), (200, &one)).await;
    check(&world, &ids, ("PATCH", code, label("C")), (200, &[("/label", json!("C"))])).await;
    check(&world, &ids, ("PATCH", code, label("C")), (204, &[])).await;
    let sample = [("/format", json!("cloud_events")), ("/sample_payload", json!("{\"a\":1}"))];
    check(&world, &ids, ("GET", &format!("{read}/a.b/sample_event"), none()), (200, &sample)).await;
    check(&world, &ids, ("HEAD", &format!("{read}/a.b/sample_event"), none()), (200, &[])).await;

    check(&world, &ids, ("DELETE", code, none()), (204, &[])).await;
    check(&world, &ids, ("DELETE", events, none()), (204, &[])).await;
    check(&world, &ids, ("DELETE", path, none()), (204, &[])).await;
    check(&world, &ids, ("GET", "/events/providers/{pid}", none()), (404, &[])).await;
}

#[tokio::test]
async fn registrations_and_their_filters() {
    let world = World::new().await;
    let provider = world.orders().await;
    let mut ids = Ids(vec![("{org}", ORG.to_owned()), ("{ws}", WORKSPACE.to_owned()), ("{pid}", provider)]);
    let none = || Value::Null;
    let draft = world.draft("Orders", "{pid}");
    let name = [("/name", json!("Orders"))];
    let made = check(&world, &ids, ("POST", "{ws}/registrations", draft.clone()), (201, &name)).await;
    ids.0.push(("{rid}", made["registration_id"].as_str().unwrap().to_owned()));
    let first = [("/_embedded/registrations/0/registration_id", json!("{rid}"))];
    check(&world, &ids, ("GET", "{ws}/registrations", none()), (200, &first)).await;
    check(&world, &ids, ("GET", "{org}/registrations?page=0&size=5", none()), (200, &first)).await;
    let one = "{ws}/registrations/{rid}";
    check(&world, &ids, ("GET", one, none()), (200, &name)).await;
    check(&world, &ids, ("PUT", one, draft), (200, &name)).await;
    let renamed = json!([{"op": "replace", "path": "/name", "value": "Other"}]);
    check(&world, &ids, ("PATCH", one, renamed.clone()), (200, &[("/name", json!("Other"))])).await;
    check(&world, &ids, ("PATCH", one, renamed), (200, &[("/name", json!("Other"))])).await;
    let test = "/events/providers/{pid}/eventmetadata/order.created/sample_event/{rid}";
    check(&world, &ids, ("POST", test, json!({"id": 7})), (200, &[("/registration_id", json!("{rid}"))])).await;

    let filter = json!({"name": "Prices", "subscriber_filter": "{\"data\":{\"price\":[1]}}"});
    let member = [("/name", json!("Prices"))];
    let made = check(&world, &ids, ("POST", &format!("{one}/filters"), filter.clone()), (201, &member)).await;
    ids.0.push(("{uuid}", made["id"].as_str().unwrap().to_owned()));
    let first = [("/0/id", json!("{uuid}"))];
    check(&world, &ids, ("GET", &format!("{one}/filters"), none()), (200, &first)).await;
    check(&world, &ids, ("GET", &format!("{one}/filters/{{uuid}}"), none()), (200, &member)).await;
    check(&world, &ids, ("PUT", &format!("{one}/filters/{{uuid}}"), filter.clone()), (200, &member)).await;
    let trial = json!({"subscriber_filter": filter});
    check(&world, &ids, ("POST", &format!("{one}/filter/validate"), trial), (200, &[("/valid", json!(true))])).await;
    check(&world, &ids, ("DELETE", &format!("{one}/filters/{{uuid}}"), none()), (204, &[])).await;

    check(&world, &ids, ("DELETE", one, none()), (204, &[])).await;
    check(&world, &ids, ("GET", one, none()), (404, &[])).await;
}
