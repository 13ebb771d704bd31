//! The sandbox Commerce tells of its changes in `kit dev`: through the events ingress, with a token, to the actions and the
//! sandbox ERP. Nothing goes round in a circle.

use serde_json::{Value, json};

use crate::support::{Answer, PRODUCT_CREATE, Project, Server, TOKEN, product};

const SECRET: &str = "secret-of-the-sandbox-events";

fn project() -> Project {
    Project::new().with("KIT_SANDBOX_EVENTS", "")
}

impl Server {
    async fn commerce_call(&self, method: reqwest::Method, path: &str, body: &Value) -> Answer {
        let request = self.client.request(method, self.url(&format!("/sandbox/commerce/rest/V1/{path}")));
        Answer::of(request.bearer_auth(TOKEN).json(body)).await
    }

    /// The rows of the sandbox's events, once there are so many and all of them are sent.
    async fn sent_events(&self, count: usize) -> Vec<Value> {
        self.until(&format!("{count} events are sent"), || async {
            let rows = self.get("/sandbox/events").await.body.as_array().unwrap().clone();
            (rows.len() >= count && rows.iter().all(|row| row["status"] == 1)).then_some(rows)
        })
        .await
    }

    async fn erp_writes(&self) -> Vec<Value> {
        let calls = self.get("/sandbox/erp/calls").await.body;
        calls.as_array().unwrap().iter().filter(|call| call["method"] != "GET").cloned().collect()
    }

    async fn erp_writes_reach(&self, count: usize) -> Vec<Value> {
        self.until(&format!("{count} calls to the ERP"), || async {
            let calls = self.erp_writes().await;
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    /// The runs of the consumer of an entity's events of Commerce, the newest first, once there are so many.
    async fn consumed(&self, project: &Project, entity: &str, count: usize) -> Vec<Value> {
        let consumer = format!("{entity}-commerce/consumer");
        self.until(&format!("{count} events are consumed"), || async {
            let arguments = ["activation", "list", "--action", &consumer, "--json"];
            let runs: Vec<Value> = serde_json::from_slice(&project.run(&arguments).stdout).ok()?;
            (runs.len() >= count).then_some(runs)
        })
        .await
    }
}

#[tokio::test]
async fn a_product_changed_in_the_store_arrives_in_the_erp_and_does_not_come_back() {
    let project = project();
    let kit = project.start(&["dev"]);
    let change = json!({"product": {"price": 39.5}});
    let changed = kit.commerce_call(reqwest::Method::PUT, "products/24-MB01", &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let writes = kit.erp_writes_reach(1).await;
    assert_eq!((&writes[0]["method"], &writes[0]["path"]), (&json!("PUT"), &json!("products/24-MB01")));
    let sent = &writes[0]["body"];
    assert_eq!(
        (&sent["price"], &sent["name"], &sent["_isNew"]),
        (&json!("39.5000"), &json!("Joust Duffle Bag"), &json!(false))
    );
    assert_eq!(kit.sent_events(1).await.len(), 1);

    // A new one is created there, and one that goes is deleted.
    let bag = json!({"product": {"sku": "New bag", "name": "Bag", "attribute_set_id": 4}});
    kit.commerce_call(reqwest::Method::POST, "products", &bag).await;
    kit.commerce_call(reqwest::Method::DELETE, "products/New%20bag", &Value::Null).await;
    let writes = kit.erp_writes_reach(3).await;
    assert_eq!((&writes[1]["method"], &writes[1]["body"]["sku"]), (&json!("POST"), &json!("New bag")));
    assert_eq!((&writes[2]["method"], &writes[2]["path"]), (&json!("DELETE"), &json!("products/New%20bag")));
    assert!(
        kit.calls("products").await.iter().all(|call| call["event_id"].is_null()),
        "nothing was brought to the store"
    );
}

#[tokio::test]
async fn an_event_of_the_back_office_changes_the_store_once_and_its_echo_goes_no_further() {
    let project = project();
    let kit = project.start(&["dev"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("SKU-1")).await.status, 200);
    let rows = kit.sent_events(1).await;
    assert_eq!(rows[0]["data"]["value"]["sku"], "SKU-1");
    let consumed = kit.consumed(&project, "product", 1).await;
    assert_eq!(consumed[0]["response"]["status"], "suppressed");

    // What the store says after that is news again, and the ERP got nothing before it.
    let renamed = json!({"product": {"name": "Another"}});
    kit.commerce_call(reqwest::Method::PUT, "products/SKU-1", &renamed).await;
    let writes = kit.erp_writes_reach(1).await;
    assert_eq!((&writes[0]["method"], &writes[0]["body"]["name"]), (&json!("PUT"), &json!("Another")));
    let brought = kit.calls("products").await;
    assert_eq!(brought.iter().filter(|call| !call["event_id"].is_null()).count(), 1, "{brought:?}");
    assert_eq!(kit.get("/sandbox/events").await.body.as_array().unwrap().len(), 2);
}

/// Each is waited for, so that the next one finds what it changes.
#[tokio::test]
async fn no_change_that_the_kit_brought_to_the_store_comes_back() {
    let project = project();
    let kit = project.start(&["dev"]);
    let jane = |id: Option<u64>| json!({"id": id, "name": "Jane", "lastname": "Doe", "email": "jane.doe@example.com"});
    let mut new_customer = jane(None);
    new_customer.as_object_mut().unwrap().remove("id");
    let events = [
        ("catalog_product_update", json!({"sku": "24-MB01", "name": "Bag", "price": 9.95, "description": "Carries"})),
        ("catalog_product_delete", json!({"sku": "24-MB01"})),
        ("customer_create", new_customer),
        ("customer_update", jane(Some(15))),
        ("customer_delete", json!({"id": 15})),
        ("customer_group_create", json!({"name": "New", "taxClassId": 3})),
        ("customer_group_update", json!({"id": 19, "name": "Members", "taxClassId": 3})),
        ("customer_group_delete", json!({"id": 19})),
    ];
    for (number, (event, value)) in (1..).zip(&events) {
        let sent = kit.send(event, &format!("be-observer.{event}"), value).await;
        assert_eq!(sent.status, 200, "{event}: {sent:?}");
        kit.sent_events(number).await;
    }
    let mut consumed = kit.consumed(&project, "product", 2).await;
    consumed.extend(kit.consumed(&project, "customer", 6).await);
    let statuses: Vec<&Value> = consumed.iter().map(|run| &run["response"]["status"]).collect();
    assert_eq!(statuses, [&json!("suppressed"); 8]);
    assert_eq!(kit.erp_writes().await, Vec::<Value>::new());
}

#[tokio::test]
async fn customers_groups_orders_and_stock_arrive_too() {
    let project = project();
    let kit = project.start(&["dev"]);
    let customer = json!({"customer": {"email": "a@example.com", "firstname": "A", "lastname": "B"}});
    kit.commerce_call(reqwest::Method::POST, "customers", &customer).await;
    kit.commerce_call(reqwest::Method::DELETE, "customers/124", &Value::Null).await;
    kit.commerce_call(reqwest::Method::PUT, "customerGroups/18", &json!({"group": {"code": "Best"}})).await;
    kit.commerce_call(reqwest::Method::DELETE, "customerGroups/19", &Value::Null).await;
    let note = json!({"statusHistory": {"comment": "C", "is_customer_notified": 0, "is_visible_on_front": 0}});
    kit.commerce_call(reqwest::Method::POST, "orders/8/comments", &note).await;
    let item = json!({"stockItem": {"qty": 7}});
    kit.commerce_call(reqwest::Method::PUT, "products/24-MB01/stockItems/1", &item).await;
    let writes = kit.erp_writes_reach(6).await;
    let mut done: Vec<String> = writes
        .iter()
        .map(|call| format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap()))
        .collect();
    done.sort_unstable();
    let expected = [
        "DELETE customer-groups/19",
        "DELETE customers/124",
        "POST customers",
        "PUT customer-groups/18",
        "PUT orders/8",
        "PUT stock/2",
    ];
    assert_eq!(done, expected);
    assert_eq!(kit.sent_events(6).await.len(), 6);
}

/// An alias with rules, and the provider by its key as `kit subscribe` takes it; what nobody can subscribe to is told.
#[tokio::test]
async fn what_the_file_says_of_a_subscription_holds_in_the_sandbox() {
    let project = project();
    let listed = json!([
        {"event": {"name": "observer.nothing_of_this_name", "fields": [{"name": "*"}]}},
        {"event": {"name": "observer.customer_save_commit_after", "provider": "nobody", "fields": [{"name": "*"}]}},
        {"event": {
            "name": "observer.catalog_product_save_commit_after", "provider": "commerce", "priority": true,
            "fields": [{"name": "sku"}, {"name": "description"}, {"name": "created_at"}, {"name": "updated_at"}],
            "rules": [{"field": "price", "operator": "onChange", "value": ""}],
        }},
        {"event": {
            "name": "second.product_save", "parent": "observer.catalog_product_save_commit_after",
            "provider": "backoffice", "fields": [{"name": "sku"}],
        }},
    ]);
    project.write("onboarding/config/commerce-event-subscribe.json", &listed.to_string());
    let kit = project.start(&["dev"]);
    for change in [json!({"price": 5}), json!({"name": "Other"})] {
        let change = json!({ "product": change });
        kit.commerce_call(reqwest::Method::PUT, "products/24-MB01", &change).await;
    }
    let rows = kit.get("/sandbox/events").await.body;
    let codes: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    let (changed, saved) =
        ("com.adobe.commerce.observer.catalog_product_save_commit_after", "com.adobe.commerce.second.product_save");
    assert_eq!(codes, [changed, saved, saved]);
    assert_ne!(rows[0]["provider_id"], rows[1]["provider_id"]);
    kit.erp_writes_reach(1).await;
    let log = kit.log();
    for told in ["observer.nothing_of_this_name", "no registration takes events of `nobody`"] {
        assert!(log.contains(told), "{log}");
    }
}

/// The client of the first start has a secret that no later start knows.
#[tokio::test]
async fn a_restart_publishes_with_the_new_secret_and_what_the_file_lists_then() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.commerce_call(reqwest::Method::PUT, "products/24-MB01", &json!({"product": {"price": 1}})).await;
    kit.sent_events(1).await;
    assert_eq!(kit.terminate(), Some(0));
    let listed = project.read("onboarding/config/commerce-event-subscribe.json");
    let saved = "\"observer.catalog_product_save_commit_after\"";
    let less = listed.replace("{ \"name\": \"price\" },", "");
    assert!(less.len() < listed.len() && less.contains(saved));
    project.write("onboarding/config/commerce-event-subscribe.json", &less);
    let kit = project.start(&["dev"]);
    kit.commerce_call(reqwest::Method::PUT, "products/24-MB01", &json!({"product": {"price": 2}})).await;
    let rows = kit.sent_events(2).await;
    let prices: Vec<Option<&Value>> = rows.iter().map(|row| row["data"]["value"].get("price")).collect();
    assert_eq!(prices, [Some(&json!("1.0000")), None]);
    kit.erp_writes_reach(1).await;
}

#[tokio::test]
async fn the_sandbox_is_left_alone_where_somebody_else_sets_it_up() {
    for (name, value) in [("KIT_ROLE", "events-service"), ("KIT_SANDBOX_EVENTS", "off")] {
        let project = project().with(name, value);
        let kit = project.start(&["dev"]);
        let changed =
            kit.commerce_call(reqwest::Method::PUT, "products/24-MB01", &json!({"product": {"price": 1}})).await;
        assert_eq!(changed.status, 200);
        let rows = kit.get("/sandbox/events").await;
        let subscriptions =
            kit.commerce_call(reqwest::Method::GET, "eventing/getEventSubscriptions", &Value::Null).await;
        if name == "KIT_ROLE" {
            assert_eq!((rows.body, subscriptions.body), (json!([]), json!([])));
        } else {
            assert_eq!((rows.status, subscriptions.status), (404, 404), "there is no such module");
        }
    }
}

/// What it answers leads to a token; nobody else gets it.
#[tokio::test]
async fn the_client_is_given_as_the_console_gives_it() {
    let project = project().with("OAUTH_CLIENT_ID", "client-of-dev").with("OAUTH_CLIENT_SECRET", SECRET);
    let kit = project.start(&["dev"]);
    let stranger = kit.get("/sandbox/workspace.json").await;
    assert_eq!(stranger.status, 401);
    let file = Answer::of(kit.client.get(kit.url("/sandbox/workspace.json")).bearer_auth(TOKEN)).await;
    assert_eq!(file.status, 200);
    let credential = &file.body["project"]["workspace"]["details"]["credentials"][0];
    assert_eq!(credential["integration_type"], "oauth_server_to_server");
    let client = &credential["oauth_server_to_server"];
    let scopes: Vec<&str> = client["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    let (client_id, secret) = (client["client_id"].as_str().unwrap(), client["client_secrets"][0].as_str().unwrap());
    assert!(!token(&kit, (client_id, secret), &scopes.join(",")).await.is_empty());
    for pointer in ["/project/id", "/project/org/id", "/project/org/ims_org_id", "/project/workspace/id"] {
        assert!(file.body.pointer(pointer).is_some_and(Value::is_string), "{pointer}");
    }
}

async fn token(kit: &Server, (client_id, secret): (&str, &str), scopes: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}&scope={scopes}");
    let request = kit.client.post(kit.url("/ims/token/v3")).body(form);
    let granted = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
    granted.body["access_token"].as_str().unwrap_or_else(|| panic!("{granted:?}")).to_owned()
}

/// Makes a provider at the events service; its id.
async fn provider(kit: &Server, client_id: &str, secret: &str) -> String {
    let token = token(kit, (client_id, secret), "openid,adobeio_api").await;
    let provider = json!({"label": "Shop", "provider_metadata": "dx_commerce_events", "instance_id": "shop"});
    let request = kit.client.post(kit.url("/events/4711/4712/4713/providers")).bearer_auth(token);
    let made = Answer::of(request.header("x-api-key", client_id).json(&provider)).await;
    made.body["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned()
}

/// As `kit onboard` and `kit subscribe` do with the store of an events service that stands alone.
#[tokio::test]
async fn the_store_of_an_events_service_publishes_when_it_is_set_up() {
    let variables = [
        ("KIT_ROLE", "events-service"),
        ("IO_CONSUMER_ID", "4711"),
        ("IO_PROJECT_ID", "4712"),
        ("IO_WORKSPACE_ID", "4713"),
        ("OAUTH_CLIENT_ID", "client-of-dev"),
        ("OAUTH_CLIENT_SECRET", SECRET),
    ];
    let project = variables.iter().fold(project(), |project, (name, value)| project.with(name, value));
    let kit = project.start(&["dev"]);
    let file = Answer::of(kit.client.get(kit.url("/sandbox/workspace.json")).bearer_auth(TOKEN)).await;
    let provider_id = provider(&kit, "client-of-dev", SECRET).await;
    let provider = json!({"eventProvider": {
        "provider_id": provider_id, "instance_id": "shop", "label": "Shop", "description": "Shop",
        "workspace_configuration": file.text,
    }});
    let configuration = json!({"config": {
        "enabled": true, "merchant_id": "shop", "environment_id": "Stage", "workspace_configuration": file.text,
    }});
    let subscription = json!({"event": {
        "name": "shop.observer.catalog_product_save_commit_after",
        "parent": "observer.catalog_product_save_commit_after",
        "provider_id": provider_id,
        "fields": [{"name": "sku"}],
    }});
    for (method, path, body) in [
        (reqwest::Method::PUT, "eventing/updateConfiguration", configuration),
        (reqwest::Method::POST, "eventing/eventProvider", provider),
        (reqwest::Method::POST, "eventing/eventSubscribe", subscription),
        (reqwest::Method::PUT, "products/24-MB01", json!({"product": {"price": 1}})),
    ] {
        let answer = kit.commerce_call(method, path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let row = kit
        .until("the event is answered", || async {
            let rows = kit.get("/sandbox/events").await.body;
            rows[0]["reason"].is_string().then(|| rows[0].clone())
        })
        .await;
    assert_eq!((&row["status"], &row["reason"]), (&json!(1), &json!("nobody is registered for this event")));
    let check = kit.commerce_call(reqwest::Method::GET, "adobe_io_events/check_configuration", &Value::Null).await;
    assert_eq!(check.body["technical_service_account_can_connect_to_io_events"], true);
}
