//! Seeding the embedded store, through the public interface.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use store::{Catalogue, Options, Sqlite, Store};
use tempfile::TempDir;
use uuid::{Uuid, Version};

use crate::{
    Change, Desired, EVENTS_FILE, Failure, Observed, PROVIDERS_FILE, Plan, Progress, REGISTRATIONS_FILE, Rules,
    StoredService, Targets, Verb, converge,
};

/// What a run did, by labels, codes and names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    created: Vec<String>,
    updated: Vec<String>,
    deleted: Vec<String>,
    left_out: Vec<String>,
}

impl Progress for Report {
    fn planned(&mut self, _: &Plan) {}

    fn done(&mut self, change: &Change) {
        let list = match change.verb {
            Verb::Create => &mut self.created,
            Verb::Update => &mut self.updated,
            Verb::Delete => &mut self.deleted,
            Verb::Leave => panic!("what is left is not done: {change}"),
        };
        list.push(change.name.clone());
    }
}

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

    fn desired(&self) -> Desired {
        Desired::load(self.folder.path(), "1-shop").unwrap()
    }

    fn service(&self, second: i64) -> StoredService<'_> {
        StoredService { store: &self.store, now: at(second) }
    }

    async fn plan(&self, is_deployed: &dyn Fn(&str) -> bool, second: i64) -> Plan {
        let (desired, rules) = (self.desired(), rules(is_deployed));
        let observed = Observed::read(&self.service(second), &desired, &rules).await.unwrap();
        Plan::new(&desired, &observed, &rules)
    }

    async fn seed(&self, is_deployed: &dyn Fn(&str) -> bool, second: i64) -> Report {
        self.run(&self.desired(), &rules(is_deployed), second).await.unwrap()
    }

    async fn run(&self, desired: &Desired, rules: &Rules<'_>, second: i64) -> Result<Report, Failure> {
        let mut report = Report::default();
        let applied = converge(&self.service(second), desired, rules, &mut report).await?;
        report.left_out = applied.left_out;
        Ok(report)
    }

    async fn catalogue(&self) -> Catalogue {
        self.store.catalogue().await.unwrap()
    }
}

fn rules(is_deployed: &dyn Fn(&str) -> bool) -> Rules<'_> {
    Rules {
        client_id: store::Registration::OWN_CLIENT,
        targets: Targets::Actions,
        is_deployed,
        record: None,
        workspace_id: None,
        prune: false,
        name_suffix: "",
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
    assert!(plan.is_empty());
    assert_eq!(plan.changes().count(), 2 + 21 + 8);
    assert_eq!(kit.seed(&all, 20).await, Report::default());
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
async fn another_namespace_gets_providers_of_its_own() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    let desired = Desired::load(kit.folder.path(), "1-other").unwrap();
    let report = kit.run(&desired, &rules(&all), 20).await.unwrap();
    assert_eq!(report.created.len(), 2 + 21);
    assert_eq!(report.updated.len(), 8);
    assert_eq!(kit.catalogue().await.providers.len(), 4);
}

#[tokio::test]
async fn pruning_removes_what_the_files_no_longer_mention() {
    let kit = Kit::new();
    kit.seed(&all, 10).await;
    kit.edit(REGISTRATIONS_FILE, r#""stock": ["commerce", "backoffice"]"#, r#""stock": ["commerce"]"#);
    kit.edit(EVENTS_FILE, "be-observer.catalog_product_delete", "be-observer.catalog_product_gone");
    let report = kit.seed(&all, 20).await;
    assert_eq!((report.created.len(), report.updated.len(), report.deleted.len()), (1, 1, 0));

    let pruning = Rules { prune: true, ..rules(&all) };
    let report = kit.run(&kit.desired(), &pruning, 30).await.unwrap();
    let mut deleted = report.deleted.clone();
    deleted.sort();
    let gone = ["Backoffice Stock Sync", "be-observer.catalog_product_delete", "be-observer.catalog_stock_update"];
    assert_eq!(deleted, gone);
    assert_eq!(report.deleted[0], "Backoffice Stock Sync", "a registration goes before its events");
    assert_eq!(kit.run(&kit.desired(), &pruning, 40).await.unwrap(), Report::default());
}

#[tokio::test]
async fn a_store_that_is_closed_is_reported() {
    let kit = Kit::new();
    kit.store.close().await;
    let failure = kit.run(&kit.desired(), &rules(&all), 10).await.unwrap_err().to_string();
    assert!(failure.starts_with("PROVIDER_ONBOARDING → UNEXPECTED_ERROR"), "{failure}");
}
