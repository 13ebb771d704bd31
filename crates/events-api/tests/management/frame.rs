//! What holds for every call: who asks, where the path lies, how bodies and answers are labelled.

use serde_json::json;

use crate::world::{ORG, REGISTRATIONS, WORKSPACE, World, bare};

#[tokio::test]
async fn nobody_reads_or_changes_anything_without_a_token() {
    let world = World::new().await;
    for (method, path) in [
        ("GET", "/events/12345/providers"),
        ("GET", "/events/providers/x"),
        ("GET", "/events/providermetadata"),
        ("POST", "/events/12345/67890/13579/providers"),
        ("GET", "/events/other/registrations"),
        ("DELETE", "/events/12345/67890/13579/registrations/x"),
        ("POST", "/events/12345/67890/13579/registrations/x/filter/validate"),
        ("POST", "/events/providers/x/eventmetadata/y/sample_event/z"),
    ] {
        world.send(bare(method, path), "").await.is_refused(401, "token");
        let wrong = world.request_as(method, path, "other");
        world.send(wrong, "").await.is_refused(403, "x-api-key");
    }
}

#[tokio::test]
async fn paths_must_lie_in_our_organisation() {
    let world = World::new().await;
    world.get("/events/99/providers").await.is_refused(403, "organisation");
    world.get("/events/99/registrations").await.is_refused(403, "organisation");
    world.get("/events/99/67890/13579/registrations").await.is_refused(403, "organisation");
    world.get("/events/12345/99/13579/registrations").await.is_refused(404, "project");
    world.get("/events/12345/67890/99/registrations").await.is_refused(404, "workspace");
    world.post("/events/12345/67890/99/providers", &json!({"label": "x"})).await.is_refused(404, "workspace");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_same_shape() {
    let world = World::new().await;
    for path in ["/events/12345", "/events/12345/unknown", "/events/a/b/c/d/e/f/g/h", "/events/providers/%ff"] {
        world.get(path).await.is_refused(404, "nothing at this path");
    }
    world.delete(&format!("{ORG}/providers")).await.is_refused(405, "not allowed");
    world.get(&format!("{WORKSPACE}/providers")).await.is_refused(405, "not allowed");
    world.put("/events/providermetadata", &json!({})).await.is_refused(405, "not allowed");
}

#[tokio::test]
async fn answers_are_labelled_as_the_client_wants() {
    let world = World::new().await;
    let hal = "application/hal+json";
    for (accept, label) in [
        (None, hal),
        (Some("*/*"), hal),
        (Some("application/hal+json"), hal),
        (Some("application/json, application/hal+json;q=0.9"), hal),
        (Some("text/html"), hal),
        (Some("application/json"), "application/json"),
        (Some("application/json, text/plain, */*"), "application/json"),
    ] {
        let mut request = world.request("GET", "/events/providermetadata");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = world.send(request, "").await;
        answer.is(200);
        assert_eq!(answer.header("content-type"), Some(label), "{accept:?}");
    }
}

#[tokio::test]
async fn bodies_must_be_labelled_as_what_they_are() {
    let world = World::new().await;
    let path = format!("{WORKSPACE}/providers");
    let body = r#"{"label":"Orders"}"#;
    for label in ["application/json", "application/hal+json", "application/json; charset=utf-8", "Application/JSON"] {
        world.send(world.request("POST", &path).header("content-type", label), body).await.is(201);
    }
    for label in ["text/plain", "application/json-patch+json", "application/x-www-form-urlencoded"] {
        let refused = world.send(world.request("POST", &path).header("content-type", label), body).await;
        refused.is_refused(415, "content-type");
    }
    world.send(world.request("POST", &path), body).await.is_refused(415, "application/hal+json");
    let provider = world.provider("Orders").await;
    world.write("PATCH", &format!("{path}/{provider}"), &json!([])).await.is_refused(415, "json-patch+json");
}

#[tokio::test]
async fn bodies_are_strict_json_within_a_limit() {
    let world = World::new().await;
    let post = |body: String| {
        let request =
            world.request("POST", &format!("{WORKSPACE}/providers")).header("content-type", "application/json");
        let world = &world;
        async move { world.send(request, &body).await }
    };
    post(String::new()).await.is_refused(400, "strict JSON");
    post(r#"{"label":"a","label":"b"}"#.to_owned()).await.is_refused(400, "used twice");
    post(r#"{"label":"a"} x"#.to_owned()).await.is_refused(400, "trailing");
    post("[]".to_owned()).await.is_refused(400, "must be an object");
    post(format!(r#"{{"label":"Orders"{}}}"#, " ".repeat(1_048_558))).await.is(201);
    post(format!(r#"{{"label":"Orders"{}}}"#, " ".repeat(1_048_559))).await.is_refused(413, "1048576 bytes");
    let registrations = world.get(REGISTRATIONS).await;
    assert_eq!(registrations.is(200)["_embedded"]["registrations"], json!([]));
}
