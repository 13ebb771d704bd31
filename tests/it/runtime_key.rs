//! The key of the runtime API: the environment's, or one that `kit dev` makes and keeps.

use reqwest::header::AUTHORIZATION;

use crate::support::{Answer, Project, RUNTIME_AUTH, Server, shows};

const NAMESPACES: &str = "/api/v1/namespaces";

async fn ask(kit: &Server, path: &str, auth: &str) -> Answer {
    let (user, password) = auth.split_once(':').unwrap();
    Answer::of(kit.client.get(kit.url(path)).basic_auth(user, Some(password))).await
}

/// A refusal in the runtime's own form: its text, and the id of the request twice.
#[track_caller]
fn check_refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!((answer.status, answer.error()), (status, text), "{answer:?}");
    let code = answer.body["code"].as_str().unwrap();
    assert!(code.len() == 32 && code.chars().all(|letter| letter.is_ascii_hexdigit()), "{code}");
    assert_eq!(answer.header("x-request-id"), Some(code));
}

#[tokio::test]
async fn whoever_has_the_key_reaches_its_namespace_and_no_other() {
    let project = Project::new().with("AIO_runtime_namespace", "12345-shop-stage");
    let kit = project.start(&["dev"]);
    let answer = ask(&kit, NAMESPACES, RUNTIME_AUTH).await;
    assert_eq!((answer.status, &answer.body), (200, &serde_json::json!(["12345-shop-stage"])));
    assert_eq!(answer.header("x-request-id").unwrap().len(), 32);
    let invalid = "The supplied authentication is invalid";
    let uuid = RUNTIME_AUTH.split_once(':').unwrap().0;
    for auth in ["a:b", &format!("{RUNTIME_AUTH}x"), &format!("{uuid}:"), &RUNTIME_AUTH.to_uppercase()] {
        let refused = ask(&kit, NAMESPACES, auth).await;
        check_refused(&refused, 401, invalid);
        assert_eq!(refused.header("www-authenticate"), Some("Basic"));
    }
    check_refused(&kit.get(NAMESPACES).await, 401, invalid);
    for authorization in ["Basic", "Basic \t", "Basic !!", "Bearer x", &format!("Basic {RUNTIME_AUTH}")] {
        let request = kit.client.get(kit.url(NAMESPACES)).header(AUTHORIZATION, authorization);
        check_refused(&Answer::of(request).await, 401, invalid);
    }
    let not_yours = "The supplied authentication is not authorized to access this resource.";
    for namespace in ["local", "12345-shop", "12345-shop-stage2", "guest", "%5F"] {
        let path = format!("{NAMESPACES}/{namespace}/actions");
        check_refused(&ask(&kit, &path, RUNTIME_AUTH).await, 403, not_yours);
        check_refused(&kit.get(&path).await, 401, invalid);
    }
    for path in ["_/nothing", "12345-shop-stage/nothing/of/this"] {
        let path = format!("{NAMESPACES}/{path}");
        check_refused(&ask(&kit, &path, RUNTIME_AUTH).await, 404, "The requested resource does not exist.");
    }
}

/// The key that `kit dev` prints when nothing says who may use the API.
#[track_caller]
fn told(kit: Server) -> String {
    let printed = kit.terminate_and_read();
    let told = printed.lines().find_map(|line| line.trim().strip_prefix("export AIO_runtime_auth="));
    told.unwrap_or_else(|| panic!("no key in:\n{printed}")).to_owned()
}

#[tokio::test]
async fn dev_makes_a_key_and_keeps_it() {
    let unsaid = || Project::new().with("AIO_runtime_auth", "").with("AIO_runtime_namespace", "");
    let project = unsaid();
    let auth = told(project.start(&["dev"]));
    assert!(!shows(&project.path().join("data"), auth.as_bytes()), "it is sealed");
    let kit = project.start(&["dev"]);
    let answer = ask(&kit, NAMESPACES, &auth).await;
    assert_eq!((answer.status, &answer.body), (200, &serde_json::json!(["local"])));
    assert_eq!(told(kit), auth, "a restart makes no other");
    let other = unsaid();
    assert_ne!(told(other.start(&["dev"])), auth, "another folder has another");
    // What the environment says counts, and is known to the user.
    let project = project.with("AIO_runtime_auth", RUNTIME_AUTH);
    let kit = project.start(&["dev"]);
    assert_eq!(ask(&kit, NAMESPACES, RUNTIME_AUTH).await.status, 200);
    assert_eq!(ask(&kit, NAMESPACES, &auth).await.status, 401);
    let printed = kit.terminate_and_read();
    assert!(printed.contains(r#"curl -u "$AIO_runtime_auth" "#) && !printed.contains("export"), "{printed}");
}

#[test]
fn a_key_of_another_shape_is_a_fault_that_does_not_show_it() {
    for command in ["dev", "serve"] {
        let project = Project::new().with("AIO_runtime_auth", "5ecret-of-the-tests:5ecret-of-the-tests");
        let said = project.refusal(&[command]);
        let expected =
            "`AIO_runtime_auth`: expected `<uuid>:<key>`, the key 32 to 256 letters, digits, `-` and `_`\n  hint: ";
        assert!(said.contains(expected) && !said.contains("5ecret"), "{said}");
    }
}

#[tokio::test]
async fn an_events_service_has_no_runtime_api() {
    let project = Project::new().with("KIT_ROLE", "events-service").with("AIO_runtime_auth", "");
    let kit = project.start(&["dev"]);
    assert_eq!(ask(&kit, NAMESPACES, RUNTIME_AUTH).await.status, 404);
    assert!(!kit.terminate_and_read().contains("AIO_runtime"));
}
