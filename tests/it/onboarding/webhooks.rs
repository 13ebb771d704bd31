//! With a public address events come by webhook.

use std::net::TcpListener as StdListener;
use std::process::Output;

use http::{Method, StatusCode};
use serde_json::Value;

use super::Bench;
use super::proxy::problem;
use crate::support::{PRODUCT_CREATE, Project, end_of, product};
use crate::two_processes::Store;

/// The store has no module for events.
fn without_commerce(project: &Project) -> Output {
    let mut command = project.command(&["onboard"]);
    command.env_remove("COMMERCE_BASE_URL");
    tokio::task::block_in_place(|| end_of(command))
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_point_to_the_public_address_which_has_to_answer() {
    let (bench, store) = (Bench::new().await, Store::open().await);
    let address = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let public_url = format!("http://{address}");
    let project = bench.service.publisher(&store).with("KIT_BIND", &address).with("KIT_PUBLIC_URL", &public_url);
    let onboard = |code| {
        let output = without_commerce(&project);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // Nobody answers the challenge yet.
    let (_, said) = onboard(1);
    assert!(
        said.contains("CREATE_EVENT_REGISTRATION_FAILED") && said.contains("did not answer its challenge"),
        "{said}"
    );
    assert!(said.contains("hint: the events API asks a new webhook for its challenge: start `kit serve`"), "{said}");
    assert_eq!(bench.registrations().await.len(), 0);

    let kit = project.start(&["serve"]);
    assert!(onboard(0).0.ends_with("8 created, 0 updated, 0 deleted, 23 left as they are\n"));
    assert_eq!(onboard(0).0, "0 created, 0 updated, 0 deleted, 31 left as they are\n");
    let registrations = bench.registrations().await;
    let found = registrations.iter().find(|found| found["name"] == "Backoffice Product Sync").unwrap();
    assert_eq!(found["webhook_url"], format!("{public_url}/webhooks/backoffice-product-sync"));
    assert_eq!((&found["delivery_type"], &found["webhook_status"]), (&"webhook".into(), &"verified".into()));
    assert_eq!(found["runtime_action"], Value::Null);

    // Without the address they are read by journal, and with it they are called again.
    let project = project.with("KIT_PUBLIC_URL", "");
    let output = without_commerce(&project);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("update  registration            Backoffice Product Sync  (delivery_type, webhook_url)\n"),
        "{told}"
    );
    assert!(told.ends_with("0 created, 8 updated, 0 deleted, 23 left as they are\n"), "{told}");
    let project = project.with("KIT_PUBLIC_URL", &public_url);
    assert!(String::from_utf8(without_commerce(&project).stdout).unwrap().contains("0 created, 8 updated, "));

    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.until("the effect", || async { store.sandbox.product("A") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_publishes_as_the_provider_that_onboarding_left_it() {
    let (bench, store) = (Bench::new().await, Store::open().await);
    let project = bench.service.publisher(&store);
    let project = project.with("IO_MANAGEMENT_BASE_URL", &format!("{}/events/", bench.proxy.url));
    assert!(without_commerce(&project).status.success());
    // Without it the list of providers would have to be asked for.
    bench.proxy.stand_in(|call| {
        let is_list = call.method == Method::GET && call.path.ends_with("/providers");
        is_list.then(|| problem(StatusCode::INTERNAL_SERVER_ERROR, "no list"))
    });
    let kit = project.start(&["serve"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.until("the effect", || async { store.sandbox.product("A") }).await;
}
