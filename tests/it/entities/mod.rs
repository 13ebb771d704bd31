//! The pages of `docs/entities` say what the program does: they are made of its types, tables and handlers.
//!
//! `UPDATE_DOCS=1` rewrites them.

mod mapping;
mod page;

use std::collections::BTreeMap;

use onboarding::{Desired, Sample};
use sdk::Entry;
use serde_json::Value;

use crate::golden::{manifest, root};
use page::{Entity, page};

const UPDATE: &str = "UPDATE_DOCS";

const ENTITIES: [Entity; 5] = [
    Entity {
        name: "product",
        title: "Products",
        about: "A product is named by its SKU, in both systems. Commerce compares SKUs without regard to case and to \
                blanks around them, and so do lanes of writes and echoes here.",
    },
    Entity {
        name: "customer",
        title: "Customers",
        about: "Commerce gives a customer its id and wants an e-mail address only once in a website. The back office \
                creates by e-mail address, and updates and deletes by Commerce's id.",
    },
    Entity {
        name: "customer-group",
        title: "Customer groups",
        about: "A group has a code, which is unique, and a tax class. Commerce has one event for a group that is new \
                and one that changed, so the back office is told of both as an update.",
    },
    Entity {
        name: "order",
        title: "Orders and shipments",
        about: "Orders begin in Commerce. The back office changes their status and ships them. A status has to belong \
                to the state that the order is in: when Commerce refuses it, the comment alone is added, and the \
                answer says so.",
    },
    Entity {
        name: "stock",
        title: "Stock",
        about: "The back office counts by SKU and source; one event may carry many of them, and waits for its turn with \
                each of its SKUs. Commerce tells of its own stock items by product id.",
    },
];

/// An event with all that the program knows of it.
pub struct Told {
    pub sample: Sample,
    pub provider: &'static str,
    pub consumer: String,
    /// The deployed names of the handlers that it may go to.
    pub handlers: Vec<String>,
}

#[tokio::test]
async fn the_pages_of_entities_say_what_the_program_does() {
    let told = told().await;
    let folder = root().join("docs/entities");
    let is_update = std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty());
    let mut stale = Vec::new();
    for entity in &ENTITIES {
        let text = page(entity, &told).await;
        let file = folder.join(format!("{}.md", entity.name));
        if is_update {
            std::fs::write(&file, text).unwrap();
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(file);
        }
    }
    assert!(stale.is_empty(), "not what the program does any more: {stale:?}; UPDATE_DOCS=1 rewrites them");
}

/// Every event of both providers, in the order of the events file.
async fn told() -> Vec<Told> {
    let folder = root().join("onboarding/config");
    let desired = Desired::load(&folder, "local").unwrap_or_else(|error| panic!("{error}"));
    let mut told = Vec::new();
    for provider in ["backoffice", "commerce"] {
        for sample in onboarding::samples(&folder, provider).unwrap() {
            let is_wanted = |registration: &&onboarding::Registration| {
                registration.events.iter().any(|event| event.event_code == sample.code)
            };
            let registration = desired.registrations.iter().find(is_wanted).expect("every event is registered for");
            let consumer = registration.runtime_action.clone();
            let handlers = handlers(&consumer, &sample).await;
            told.push(Told { sample, provider, consumer, handlers });
        }
    }
    assert_eq!(told.len(), 21);
    told
}

/// Where the consumer sends the sample: as it is, as of something new, and as of something that changed.
async fn handlers(consumer: &str, sample: &Sample) -> Vec<String> {
    let variants = [None, Some(true), Some(false)];
    let mut found = BTreeMap::new();
    for (order, is_new) in variants.into_iter().enumerate() {
        let mut data = sample.value.clone();
        if let (Some(is_new), Some(value)) = (is_new, data.get_mut("value").and_then(Value::as_object_mut)) {
            value.insert("_isNew".to_owned(), is_new.into());
        }
        let others = testkit::FakeActions::new();
        let event = testkit::event(&sample.code, &data);
        run(consumer, &event, testkit::context().actions(others.clone())).await;
        for invocation in others.invocations() {
            found.entry(invocation.action).or_insert(order);
        }
    }
    found.into_keys().collect()
}

/// Runs a deployed action with its inputs.
pub async fn run(action: &str, event: &sdk::Event, bench: testkit::Bench) -> sdk::Answer {
    let deployed = manifest().actions.into_iter().find(|deployed| deployed.full_name() == action);
    let deployed = deployed.unwrap_or_else(|| panic!("`{action}` is not deployed"));
    let mut table = actions::table().into_entries();
    let Some(Entry::Event(function)) = table.remove(deployed.function.as_str()) else {
        panic!("`{action}` does not run on events");
    };
    let bench = deployed.inputs.into_iter().fold(bench, |bench, (name, value)| bench.input(&name, value));
    bench.run(&*function, event).await
}
