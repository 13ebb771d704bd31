//! What the golden files of the back office's handlers do not show: what a call changes, and which echo is expected.

use std::collections::BTreeMap;

use sdk::{Answer, Direction, Echo, Echoes, Entry};
use serde_json::{Value, json};
use testkit::{FakeMemory, Recorder};

/// Runs one function of the table, and says what its call named as changed.
async fn run(function: &str, data: &Value, memory: &FakeMemory) -> (Answer, Vec<String>) {
    let Some(Entry::Event(handler)) = actions::table().into_entries().remove(function) else {
        panic!("`{function}` is not in the table");
    };
    let commerce = Recorder::new();
    let bench = testkit::context().commerce(commerce.clone()).memory(memory.clone());
    let answer = bench.run(&*handler, &testkit::event("be-observer.test", data)).await;
    let changes = commerce.calls().into_iter().flat_map(|call| call.changes).collect();
    (answer, changes)
}

async fn check_changes(function: &str, data: Value, expected: &[&str]) {
    let (answer, changes) = run(function, &data, &FakeMemory::new()).await;
    assert_eq!((answer.status, changes), (200, expected.iter().map(|&name| name.to_owned()).collect()), "{function}");
}

#[tokio::test]
async fn writes_to_the_same_thing_name_the_same_change() {
    let product = json!({"sku": " Bag/1 ", "name": "Bag", "price": 1, "description": ""});
    check_changes("product/external/created", product.clone(), &["sku/bag/1"]).await;
    check_changes("product/external/updated", product, &["sku/bag/1"]).await;
    check_changes("product/external/deleted", json!({"sku": "bag/1"}), &["sku/bag/1"]).await;
    let counted = |sku: &str| json!({"sku": sku, "source": "north", "quantity": 1, "outOfStock": false});
    let stock = json!([counted("Bag/1"), counted("A"), counted("bag/1")]);
    check_changes("stock/external/updated", stock, &["sku/a", "sku/bag/1"]).await;
    check_changes("stock/external/updated", json!([]), &[]).await;

    let customer = json!({"id": 41, "name": "Mara", "lastname": "Quist", "email": "Mara@quist.example"});
    check_changes("customer/external/created", customer.clone(), &["customer/mara@quist.example"]).await;
    check_changes("customer/external/updated", customer, &["customer/41", "customer/mara@quist.example"]).await;
    check_changes("customer/external/deleted", json!({"id": 41.0}), &["customer/41"]).await;
    let group = json!({"id": 7, "name": "North", "taxClassId": 3});
    check_changes("customer/external/group_created", group.clone(), &["customer-group/north"]).await;
    check_changes("customer/external/group_updated", group, &["customer-group/7", "customer-group/north"]).await;
    check_changes("customer/external/group_deleted", json!({"id": 7}), &["customer-group/7"]).await;

    check_changes("order/external/updated", json!({"id": 17.0, "status": "complete"}), &["order/17"]).await;
    let mut shipment = json!({"orderId": 17, "items": [], "tracks": [], "stockSourceCode": "north"});
    shipment["comment"] = json!({"comment": "", "visibleOnFront": false});
    check_changes("order/external/shipment_created", shipment, &["order/17"]).await;
    let shipment =
        json!({"id": 5, "orderId": 17.0, "items": [], "tracks": [], "comments": [], "stockSourceCode": "north"});
    check_changes("order/external/shipment_updated", shipment, &["order/17"]).await;
}

/// The change is remembered as `echo` describes it, and is held back when Commerce reported the same before.
async fn check_echo(function: &str, data: Value, echo: impl Fn(Echo) -> Echo, entity: &'static str) {
    let memory = FakeMemory::new();
    run(function, &data, &memory).await;
    let [carried] = &memory.carried()[..] else { panic!("{function} remembers one change") };
    let expected = echo(Echo::to_commerce(entity));
    assert_eq!(carried.direction(), Direction::ToCommerce, "{function}");
    assert_eq!(
        (carried.subject(), carried.operation(), carried.fields()),
        (expected.subject(), expected.operation(), expected.fields()),
        "{function}"
    );

    let memory = FakeMemory::new();
    memory.remember(&echo(Echo::from_commerce(entity))).await.unwrap();
    let (answer, changes) = run(function, &data, &memory).await;
    let said = "event discarded to prevent infinite loop  be-observer.test)";
    assert_eq!(answer.result["body"]["response"], said, "{function}");
    assert!(changes.is_empty(), "{function} sends an echo nowhere");
}

#[tokio::test]
async fn what_commerce_reported_is_not_sent_back() {
    let mut product = json!({"sku": "Bag/1", "name": "Bag", "price": 19.90, "description": "Carries"});
    let price = json!("19.9000");
    let with = |echo: Echo, price: Option<&Value>| {
        echo.saved("bag/1").text("name", Some("Bag")).number("price", price).text("description", Some("Carries"))
    };
    check_echo("product/external/created", product.clone(), |echo| with(echo, Some(&price)), "product").await;
    check_echo("product/external/updated", product.clone(), |echo| with(echo, Some(&price)), "product").await;
    product.as_object_mut().unwrap().remove("price");
    check_echo("product/external/created", product, |echo| with(echo, None), "product").await;
    check_echo("product/external/deleted", json!({"sku": "bag/1"}), |echo| echo.deleted("Bag/1"), "product").await;

    let customer = json!({"id": 41, "name": "Mara", "lastname": "Quist", "email": "mara@quist.example"});
    let saved =
        |echo: Echo| echo.saved("Mara@Quist.example").text("firstname", Some("Mara")).text("lastname", Some("Quist"));
    check_echo("customer/external/created", customer.clone(), saved, "customer").await;
    check_echo("customer/external/updated", customer, saved, "customer").await;
    check_echo("customer/external/deleted", json!({"id": 41.0}), |echo| echo.deleted("41"), "customer").await;

    let group = json!({"id": 7, "name": "North", "taxClassId": 3});
    let tax_class = json!("3");
    let saved = |echo: Echo| echo.saved("north").number("tax_class_id", Some(&tax_class));
    check_echo("customer/external/group_created", group.clone(), saved, "customer-group").await;
    check_echo("customer/external/group_updated", group, saved, "customer-group").await;
    check_echo("customer/external/group_deleted", json!({"id": 7}), |echo| echo.deleted("7"), "customer-group").await;
}

/// Orders and stock have no field in common with what Commerce sends of them.
#[tokio::test]
async fn orders_and_stock_are_never_taken_for_echoes() {
    let memory = FakeMemory::new();
    let of = BTreeMap::from([
        ("order/external/updated", json!({"id": 17, "status": "complete"})),
        ("stock/external/updated", json!([])),
    ]);
    for (function, data) in of {
        let (answer, _) = run(function, &data, &memory).await;
        assert_eq!(answer.status, 200);
    }
    assert!(memory.carried().is_empty());
}
