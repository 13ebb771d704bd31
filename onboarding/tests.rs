//! Seeding the embedded store, through the public interface.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use store::{Catalogue, Options, Sqlite, Store};
use tempfile::TempDir;
use uuid::{Uuid, Version};

use crate::{Desired, EVENTS_FILE, PROVIDERS_FILE, Plan, REGISTRATIONS_FILE, Report, apply};

/// A store and a copy of the shipped config folder that a test may change.
struct Kit {
    store: Sqlite,
    folder: TempDir,
}

impl Kit {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in [PROVIDERS_FILE, EVENTS_FILE, REGISTRATIONS_FILE] {
            fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name), folder.path().join(name))
                .unwrap();
        }
        let options =
            Options { dedupe_window: Duration::from_mins(1), ..Options::in_folder(folder.path().join("data")) };
        Self { store: Sqlite::open(&options).unwrap(), folder }
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.folder.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    async fn plan(&self, is_deployed: &dyn Fn(&str) -> bool, second: i64) -> Plan {
        let desired = Desired::load(self.folder.path(), "1-shop").unwrap();
        Plan::new(&desired, &self.catalogue().await, is_deployed, at(second))
    }

    async fn seed(&self, is_deployed: &dyn Fn(&str) -> bool, second: i64) -> Report {
        apply(self.plan(is_deployed, second).await, &self.store).await.unwrap()
    }

    async fn catalogue(&self) -> Catalogue {
        self.store.catalogue().await.unwrap()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn all(_: &str) -> bool {
    true
}

fn backoffice(action: &str) -> bool {
    action.ends_with("-backoffice/consumer")
}

fn registration<'a>(catalogue: &'a Catalogue, name: &str) -> &'a store::Registration {
    catalogue.registrations.iter().find(|registration| registration.name == name).unwrap()
}

#[track_caller]
fn check_v4(id: &str) {
    assert_eq!(Uuid::parse_str(id).unwrap().get_version(), Some(Version::Random), "{id}");
}

#[tokio::test]
async fn an_empty_store_gets_everything() {
    let kit = Kit::new();
    let report = kit.seed(&all, 10).await;
    assert_eq!(report.created.len(), 2 + 21 + 8);
    assert!(report.updated.is_empty() && report.left_out.is_empty());

    let catalogue = kit.catalogue().await;
    assert_eq!(catalogue.providers.len(), 2);
    assert_eq!(catalogue.metadata.len(), 21);
    for provider in &catalogue.providers {
        check_v4(&provider.id);
        check_v4(&provider.instance_id);
    }
    let provider = catalogue.providers.iter().find(|it| it.label == "Backoffice Provider - shop").unwrap();
    assert_eq!(provider.provider_metadata, "3rd_party_custom_events");
    for registration in &catalogue.registrations {
        check_v4(&registration.registration_id);
        assert!(registration.enabled);
        assert_eq!(registration.client_id, "embedded");
        assert_eq!((registration.created_date, registration.updated_date), (at(10), at(10)));
    }
    let stock = registration(&catalogue, "Backoffice Stock Sync");
    assert_eq!(stock.runtime_action.as_deref(), Some("stock-backoffice/consumer"));
    assert_eq!(stock.events_of_interest.len(), 1);
    assert_eq!(stock.events_of_interest[0].event_code, "be-observer.catalog_stock_update");
    assert_eq!(stock.events_of_interest[0].provider_id, provider.id);
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let before = kit.catalogue().await;
    let plan = kit.plan(&all, 20).await;
    assert_eq!((plan.create.len(), plan.update.len(), plan.leave.len()), (0, 0, 2 + 21 + 8));
    assert_eq!(apply(plan, &kit.store).await.unwrap(), Report::default());
    let after = kit.catalogue().await;
    assert_eq!(before.providers, after.providers);
    assert_eq!(before.metadata, after.metadata);
    assert_eq!(before.registrations, after.registrations);
}

#[tokio::test]
async fn a_file_formatted_anew_changes_nothing() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    kit.edit(EVENTS_FILE, "\n", "\r\n \t");
    assert_eq!(kit.seed(&all, 20).await, Report::default());
}

#[tokio::test]
async fn a_changed_event_list_updates_the_registration_and_keeps_ids() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let before = kit.catalogue().await;
    kit.edit(EVENTS_FILE, "be-observer.catalog_stock_update", "be-observer.catalog_stock_counted");
    let report = kit.seed(&all, 20).await;
    assert_eq!(report.created, ["be-observer.catalog_stock_counted"]);
    assert_eq!(report.updated, ["Backoffice Stock Sync"]);

    let after = kit.catalogue().await;
    let (old, new) = (registration(&before, "Backoffice Stock Sync"), registration(&after, "Backoffice Stock Sync"));
    assert_eq!((old.id, &old.registration_id), (new.id, &new.registration_id));
    assert_eq!((new.created_date, new.updated_date), (at(10), at(20)));
    assert_eq!(new.events_of_interest.len(), 1);
    assert_eq!(new.events_of_interest[0].event_code, "be-observer.catalog_stock_counted");
    assert_eq!(before.providers, after.providers);
}

#[tokio::test]
async fn a_changed_description_or_sample_updates_in_place() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let before = kit.catalogue().await;
    kit.edit(PROVIDERS_FILE, "Backoffice Provider that", "The ERP that");
    kit.edit(EVENTS_FILE, "99.99", "98.5");
    let report = kit.seed(&all, 20).await;
    assert!(report.created.is_empty());
    assert_eq!(report.updated, ["Backoffice Provider - shop", "be-observer.catalog_product_update"]);

    let after = kit.catalogue().await;
    let ids = |catalogue: &Catalogue| -> Vec<(String, String)> {
        catalogue.providers.iter().map(|provider| (provider.id.clone(), provider.instance_id.clone())).collect()
    };
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(after.metadata.len(), 21);
    let samples = after.metadata.iter().filter_map(|metadata| metadata.sample_event_template.as_deref());
    assert!(samples.into_iter().any(|sample| sample.contains(r#""price":98.5"#)));
}

#[tokio::test]
async fn a_registration_without_a_deployed_action_is_left_out_until_there_is_one() {
    let kit = Kit::new();
    let report = kit.seed(&backoffice, 10).await;
    let left_out = ["Commerce Product Sync", "Commerce Customer Sync", "Commerce Order Sync", "Commerce Stock Sync"];
    assert_eq!(report.left_out, left_out);
    let catalogue = kit.catalogue().await;
    assert_eq!((catalogue.providers.len(), catalogue.metadata.len(), catalogue.registrations.len()), (2, 21, 4));

    let report = kit.seed(&all, 20).await;
    assert_eq!(report.created, left_out);
    assert!(report.left_out.is_empty());
}

#[tokio::test]
async fn an_existing_registration_is_left_alone_when_its_action_is_gone() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let before = kit.catalogue().await;
    kit.edit(EVENTS_FILE, "observer.sales_order_save_commit_after", "observer.sales_order_place_after");
    let report = kit.seed(&backoffice, 20).await;
    assert_eq!(report.created, ["com.adobe.commerce.observer.sales_order_place_after"]);
    assert!(report.updated.is_empty() && report.left_out.is_empty());
    assert_eq!(before.registrations, kit.catalogue().await.registrations);
}

#[tokio::test]
async fn a_registration_that_somebody_switched_off_stays_off() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let stock = registration(&kit.catalogue().await, "Backoffice Stock Sync").clone();
    kit.store.put_registration(store::Registration { enabled: false, ..stock }).await.unwrap();
    kit.edit(EVENTS_FILE, "be-observer.catalog_stock_update", "be-observer.catalog_stock_counted");
    kit.seed(&all, 20).await;
    assert!(!registration(&kit.catalogue().await, "Backoffice Stock Sync").enabled);
}

#[tokio::test]
async fn a_registration_of_another_client_stays_as_it_is() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let own = registration(&kit.catalogue().await, "Backoffice Stock Sync").clone();
    let bound_elsewhere = store::Registration {
        client_id: "shop".to_owned(),
        runtime_action: None,
        webhook_url: Some("https://shop.example.com/hook".to_owned()),
        ..own
    };
    kit.store.put_registration(bound_elsewhere.clone()).await.unwrap();
    kit.edit(EVENTS_FILE, "be-observer.catalog_stock_update", "be-observer.catalog_stock_counted");
    kit.seed(&all, 20).await;
    assert_eq!(*registration(&kit.catalogue().await, "Backoffice Stock Sync"), bound_elsewhere);
}

#[tokio::test]
async fn the_order_of_events_is_no_change() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let mut product = registration(&kit.catalogue().await, "Backoffice Product Sync").clone();
    product.events_of_interest.reverse();
    kit.store.put_registration(product).await.unwrap();
    assert_eq!(kit.seed(&all, 20).await, Report::default());
}

#[tokio::test]
async fn a_run_that_was_cut_short_is_completed() {
    let kit = Kit::new();
    let mut plan = kit.plan(&all, 10).await;
    plan.create.truncate(5);
    apply(plan, &kit.store).await.unwrap();
    let report = kit.seed(&all, 20).await;
    assert_eq!(report.created.len(), 2 + 21 + 8 - 5);
    assert_eq!(kit.seed(&all, 30).await, Report::default());
}

#[tokio::test]
async fn another_namespace_gets_providers_of_its_own() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let desired = Desired::load(kit.folder.path(), "1-other").unwrap();
    let plan = Plan::new(&desired, &kit.catalogue().await, &all, at(20));
    let report = apply(plan, &kit.store).await.unwrap();
    assert_eq!(report.created.len(), 2 + 21);
    assert_eq!(report.updated.len(), 8);
    assert_eq!(kit.catalogue().await.providers.len(), 4);
}

#[tokio::test]
async fn a_store_that_is_closed_is_reported() {
    let kit = Kit::new();
    let plan = kit.plan(&all, 10).await;
    kit.store.close().await;
    assert!(matches!(apply(plan, &kit.store).await, Err(store::StoreError::Closed)));
}
