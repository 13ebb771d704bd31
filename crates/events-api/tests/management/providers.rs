use serde_json::{Value, json};

use crate::world::{BASE, IMS_ORG, ORG, WORKSPACE, World};

fn path(id: &str) -> String {
    format!("{WORKSPACE}/providers/{id}")
}

#[tokio::test]
async fn a_provider_looks_as_the_contract_says() {
    let world = World::new().await;
    let body = json!({
        "label": "Orders", "description": "All orders", "docs_url": "https://docs.example/orders",
        "provider_metadata": "dx_commerce_events", "instance_id": "shop-1", "data_residency_region": "IRL1", "x": 1,
    });
    let made = world.post(&format!("{WORKSPACE}/providers"), &body).await;
    let id = made.is(201)["id"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 4);
    let expected = json!({
        "id": id, "label": "Orders", "description": "All orders", "source": format!("urn:uuid:{id}"),
        "docs_url": "https://docs.example/orders", "publisher": IMS_ORG, "provider_metadata": "dx_commerce_events",
        "instance_id": "shop-1", "event_delivery_format": "cloud_events_v1", "data_residency_region": "IRL1",
        "_links": {
            "rel:eventmetadata": {"href": format!("{BASE}/events/providers/{id}/eventmetadata")},
            "rel:update": {"href": format!("{BASE}{}", path(id))},
            "self": {"href": format!("{BASE}/events/providers/{id}")},
        },
    });
    assert_eq!(made.body, expected);
    assert_eq!(world.get(&format!("/events/providers/{id}")).await.is(200), &expected);
    let list = world.get(&format!("{ORG}/providers")).await;
    let whole = json!({
        "_links": {"self": {"href": format!("{BASE}{ORG}/providers")}},
        "_embedded": {"providers": [expected]},
    });
    assert_eq!(list.is(200), &whole);
}

#[tokio::test]
async fn what_is_left_out_has_its_default() {
    let world = World::new().await;
    let made = world.post(&format!("{WORKSPACE}/providers"), &json!({"label": "Orders", "docs_url": null})).await;
    let provider = made.is(201);
    assert_eq!(provider["provider_metadata"], "3rd_party_custom_events");
    assert_eq!(provider["data_residency_region"], "VA6");
    assert!(provider["description"].as_str().is_some_and(|text| !text.is_empty()), "that of its kind");
    assert!(uuid::Uuid::parse_str(provider["instance_id"].as_str().unwrap()).is_ok());
    assert!(provider.get("docs_url").is_none() && provider.get("_embedded").is_none());
}

#[tokio::test]
async fn every_field_has_its_rule() {
    let world = World::new().await;
    let check = |body: Value, because: &'static str| {
        let world = &world;
        async move { world.post(&format!("{WORKSPACE}/providers"), &body).await.is_refused(400, because) }
    };
    let long = "x".repeat(256);
    check(json!({}), "`/label` is required").await;
    check(json!({"label": null}), "`/label` is required").await;
    check(json!({"label": ""}), "`/label` must have 1 to 255 characters").await;
    check(json!({"label": long}), "`/label` must have 1 to 255 characters").await;
    check(json!({"label": 5}), "`/label` must be a string").await;
    check(json!({"label": "a<b"}), "`/label` may have only letters").await;
    check(json!({"label": "a", "description": long}), "`/description` must have at most 255 characters").await;
    check(json!({"label": "a", "description": "a;b"}), "`/description` may have only").await;
    check(json!({"label": "a", "docs_url": "ftp://x.example"}), "`/docs_url` must be an address").await;
    check(json!({"label": "a", "docs_url": "docs"}), "`/docs_url` must be an address").await;
    check(json!({"label": "a", "docs_url": format!("https://x.example/{long}")}), "`/docs_url` must have at most")
        .await;
    check(json!({"label": "a", "instance_id": "a b"}), "`/instance_id` may have only").await;
    check(json!({"label": "a", "instance_id": long}), "`/instance_id` must have at most 255").await;
    check(json!({"label": "a", "data_residency_region": "XX"}), "`/data_residency_region` must be `VA6` or `IRL1`")
        .await;
    check(json!({"label": "a", "provider_metadata": "aem"}), "`/instance_id` is required").await;
    check(json!({"label": "a", "provider_metadata": "aem", "instance_id": ""}), "`/instance_id` is required").await;
    check(json!({"docs_url": "x", "label": ""}), "`/label` must have 1 to 255 characters; `/docs_url` must be").await;
    let all = json!({"label": "aZ09 _-.(),@:'`?#!\t", "instance_id": "aZ09_-:@./", "description": ""});
    world.post(&format!("{WORKSPACE}/providers"), &all).await.is(201);
}

#[tokio::test]
async fn kinds_and_instances_conflict_as_the_contract_says() {
    let world = World::new().await;
    let unknown = json!({"label": "a", "provider_metadata": "unknown", "instance_id": "1"});
    world.post(&format!("{WORKSPACE}/providers"), &unknown).await.is_refused(404, "`/provider_metadata`");
    let body = json!({"label": "a", "provider_metadata": "aem", "instance_id": "1"});
    let first = world.post(&format!("{WORKSPACE}/providers"), &body).await;
    let refused = world.post(&format!("{WORKSPACE}/providers"), &body).await;
    refused.is_refused(409, "`/instance_id`");
    assert_eq!(refused.header("x-conflicting-id"), first.is(201)["id"].as_str());
    let other = json!({"label": "a", "provider_metadata": "acs", "instance_id": "1"});
    world.post(&format!("{WORKSPACE}/providers"), &other).await.is(201);
    let list = world.get("/events/providermetadata").await;
    let kinds = list.is(200)["_embedded"]["providermetadata"].as_array().unwrap();
    assert_eq!(kinds.len(), 5);
    for kind in kinds {
        for member in ["id", "group", "label", "description"] {
            assert!(kind[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {kind}");
        }
        assert_eq!(kind["has_multiple_providers"], true);
    }
}

#[tokio::test]
async fn the_list_can_be_narrowed() {
    let world = World::new().await;
    for (label, kind, instance) in [("a", "aem", "1"), ("b", "aem", "2"), ("c", "acs", "1")] {
        let body = json!({"label": label, "provider_metadata": kind, "instance_id": instance});
        world.post(&format!("{WORKSPACE}/providers"), &body).await.is(201);
    }
    let check = |query: &'static str, labels: &'static [&'static str]| {
        let world = &world;
        async move {
            let answer = world.get(&format!("{ORG}/providers?{query}")).await;
            let mut found: Vec<_> = answer.is(200)["_embedded"]["providers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|provider| provider["label"].as_str().unwrap().to_owned())
                .collect();
            found.sort();
            assert_eq!(found, labels, "{query}");
        }
    };
    check("", &["a", "b", "c"]).await;
    check("providerMetadataId=aem", &["a", "b"]).await;
    check("providerMetadataId=aem&instanceId=2", &["b"]).await;
    check("instanceId=1", &["a", "c"]).await;
    check("providerMetadataIds=aem&providerMetadataIds=acs", &["a", "b", "c"]).await;
    check("providerMetadataIds=acs,asset_compute", &["c"]).await;
    check("providerMetadataIds=asset_compute", &[]).await;
    check("providerMetadataId=unknown&other=1", &[]).await;
    let refused = [
        ("providerMetadataId=aem&providerMetadataIds=acs", "exclude each other"),
        ("providerMetadataId=aem&providerMetadataId=acs", "only once"),
        ("eventmetadata=maybe", "`eventmetadata` must be `true` or `false`"),
    ];
    for (query, because) in refused {
        world.get(&format!("{ORG}/providers?{query}")).await.is_refused(400, because);
    }
}

#[tokio::test]
async fn events_come_along_when_asked_for() {
    let world = World::new().await;
    let id = world.orders().await;
    let one = world.get(&format!("/events/providers/{id}?eventmetadata=true")).await;
    assert_eq!(one.is(200)["_embedded"]["eventmetadata"][0]["event_code"], "order.created");
    let list = world.get(&format!("{ORG}/providers?eventmetadata=true")).await;
    assert_eq!(list.is(200)["_embedded"]["providers"][0], one.body);
    let without = world.get(&format!("{ORG}/providers?eventmetadata=false")).await;
    assert!(without.is(200)["_embedded"]["providers"][0].get("_embedded").is_none());
}

#[tokio::test]
async fn an_update_keeps_what_is_not_its_to_change() {
    let world = World::new().await;
    let body = json!({"label": "a", "provider_metadata": "aem", "instance_id": "1", "docs_url": "https://a.example"});
    let made = world.post(&format!("{WORKSPACE}/providers"), &body).await.body;
    let id = made["id"].as_str().unwrap();
    let put = json!({"label": "b", "id": "x", "instance_id": "9", "provider_metadata": "acs"});
    let answer = world.put(&path(id), &put).await;
    let changed = answer.is(200);
    assert_eq!(changed["label"], "b");
    for member in ["id", "instance_id", "provider_metadata", "source", "data_residency_region"] {
        assert_eq!(changed[member], made[member], "{member}");
    }
    assert!(changed.get("docs_url").is_none(), "a body without one has none");
    world.put(&path(id), &json!({"description": "x"})).await.is_refused(400, "`/label` is required");
    world.put(&path("unknown"), &put).await.is_refused(404, "no provider");
}

#[tokio::test]
async fn patches_change_only_what_may_be_changed() {
    let world = World::new().await;
    let id = world.provider("Orders").await;
    let set = |path: &str, value: &str| json!([{"op": "replace", "path": path, "value": value}]);
    world.patch(&path(&id), &set("/docs_url", "https://a.example")).await.is(200);
    world.patch(&path(&id), &set("/docs_url", "https://a.example")).await.is(204);
    world.patch(&path(&id), &json!([])).await.is(204);
    let removed = world.patch(&path(&id), &json!([{"op": "remove", "path": "/docs_url"}])).await;
    assert!(removed.is(200).get("docs_url").is_none());
    let moved = json!([{"op": "copy", "from": "/label", "path": "/description"}]);
    assert_eq!(world.patch(&path(&id), &moved).await.is(200)["description"], "Orders");

    for (operations, because) in [
        (set("/instance_id", "9"), "`/0/path` must begin with a member that can be changed: `/description`"),
        (set("/_links/self", "9"), "`/0/path`"),
        (set("", "9"), "`/0/path`"),
        (json!([{"op": "copy", "from": "/id", "path": "/label"}]), "`/0/from`"),
        (set("/label/x", "9"), "`/0` cannot be carried out"),
        (json!([{"op": "test", "path": "/label", "value": "x"}]), "`/0` cannot be carried out"),
        (set("/label", ""), "`/label` must have 1 to 255 characters"),
        (json!([{"op": "remove", "path": "/label"}]), "`/label` is required"),
        (json!([{"op": "replace", "path": "/label", "value": {"a": 1}}]), "`/label` must be a string"),
        (json!([{"op": "unknown", "path": "/label"}]), "no JSON Patch"),
        (json!([{"op": "replace", "path": "label", "value": "x"}]), "no JSON Patch"),
        (json!({"op": "replace"}), "no JSON Patch"),
        (json!(vec![json!({"op": "test", "path": "/label", "value": "Orders"}); 101]), "at most 100 operations"),
    ] {
        world.patch(&path(&id), &operations).await.is_refused(400, because);
    }
    world.patch(&path("unknown"), &json!([])).await.is_refused(404, "no provider");
}

#[tokio::test]
async fn a_patch_cannot_grow_without_end() {
    // Each copy doubles the document; a hundred of them would fill any memory.
    let world = World::new().await;
    let id = world.provider("Orders").await;
    let mut operations = vec![json!({"op": "replace", "path": "/label", "value": ["x".repeat(64)]})];
    operations.extend(vec![json!({"op": "copy", "from": "/label", "path": "/label/-"}); 60]);
    world.patch(&path(&id), &json!(operations)).await.is_refused(400, "too large or too deep");
}

#[tokio::test]
async fn a_provider_that_is_wanted_stays() {
    let world = World::new().await;
    let id = world.orders().await;
    let registration = world.register(&world.draft("Order Sync", &id)).await;
    let refused = world.delete(&path(&id)).await;
    refused.is_refused(409, "`Order Sync`");
    world.delete(&format!("{WORKSPACE}/registrations/{registration}")).await.is(204);
    world.delete(&path(&id)).await.is(204);
    world.delete(&path(&id)).await.is_refused(404, "no provider");
    assert!(world.store.catalogue().await.unwrap().metadata.is_empty());
}
