//! Changes of documents become events of those who subscribed to them.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::fields::{ORIG_DATA, select};
use super::names::{CODE_PREFIX, Happening};
use super::rows::{Row, Rows, Status};
use super::subscriptions::Subscription;
use super::{Module, values};
use crate::keep::Change;
use crate::products::Products;
use crate::{State, customers, groups, orders, products};

/// What the change of a stock item, as opposed to a source item, is recorded as.
pub const STOCK_ITEM_KIND: &str = "commerce.stock_item";
/// No event is created of more data than this.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
const IS_NEW: &str = "_isNew";

type Members = Map<String, Value>;

/// What happened, and the data of it on both sides.
struct Happened {
    happening: Happening,
    before: Option<Members>,
    data: Members,
}

/// Creates the events of these changes. Says whether one of them is not to wait.
pub fn emit(state: &mut State, changes: Vec<Change>, now: Timestamp) -> bool {
    let State { eventing: Some(module), products, .. } = state else { return false };
    let Module { providers, subscriptions, rows, .. } = module;
    let Some(configuration) = providers.configuration().filter(|configuration| configuration.enabled) else {
        return false;
    };
    let source = format!("{}.{}", configuration.merchant_id, configuration.environment_id);
    let mut is_urgent = false;
    for change in changes {
        let Some(happening) = happening(&change) else { continue };
        let mut interested = subscriptions.all().filter(|subscription| subscription.is_about(happening)).peekable();
        if interested.peek().is_none() {
            continue;
        }
        let Some(happened) = Happened::read(happening, change, products) else { continue };
        for subscription in interested {
            if happened.is_wanted(subscription) && create(rows, subscription, &happened, (&source, now)) {
                is_urgent |= subscription.priority;
            }
        }
    }
    is_urgent
}

fn happening(change: &Change) -> Option<Happening> {
    let is_saved = change.after.is_some();
    match (change.kind, is_saved) {
        (products::KIND, true) => Some(Happening::ProductSaved),
        (products::KIND, false) => Some(Happening::ProductDeleted),
        (customers::KIND, true) => Some(Happening::CustomerSaved),
        (customers::KIND, false) => Some(Happening::CustomerDeleted),
        (groups::KIND, true) => Some(Happening::GroupSaved),
        (groups::KIND, false) => Some(Happening::GroupDeleted),
        (orders::KIND, true) => Some(Happening::OrderSaved),
        (STOCK_ITEM_KIND, true) => Some(Happening::StockItemSaved),
        _ => None,
    }
}

impl Happened {
    /// `None` when there is no product of the stock item.
    fn read(happening: Happening, change: Change, products: &Products) -> Option<Self> {
        let read = |json: Bytes| {
            let document: Members = serde_json::from_slice(&json).ok()?;
            Some(match happening {
                Happening::ProductSaved | Happening::ProductDeleted => values::product(document),
                Happening::CustomerSaved | Happening::CustomerDeleted => values::customer(document),
                Happening::GroupSaved | Happening::GroupDeleted => values::group(document),
                Happening::OrderSaved => values::order(document),
                Happening::StockItemSaved => {
                    let sku = document.get("sku")?.as_str()?;
                    values::stock_item(&document, products.id(sku)?)
                }
            })
        };
        let before = change.before.and_then(read);
        let mut data = change.after.and_then(read).or_else(|| before.clone())?;
        data.insert(IS_NEW.to_owned(), before.is_none().into());
        data.insert(ORIG_DATA.to_owned(), before.clone().map_or(Value::Null, Value::Object));
        Some(Self { happening, before, data })
    }

    fn is_wanted(&self, subscription: &Subscription) -> bool {
        subscription.rules.iter().all(|rule| rule.holds(&self.data, self.before.as_ref()))
    }
}

/// Says whether there is an event now.
fn create(rows: &mut Rows, subscription: &Subscription, happened: &Happened, (source, now): (&str, Timestamp)) -> bool {
    let value = select(&subscription.fields, &happened.data);
    let code = format!("{CODE_PREFIX}{}", subscription.name);
    if value.to_string().len() > EVENT_BYTES_MAX {
        let happening = happened.happening;
        tracing::warn!(code, ?happening, "the sandbox creates no event of more than {EVENT_BYTES_MAX} bytes");
        return false;
    }
    let data = json!({
        "key": Uuid::new_v4(),
        "source": source,
        "value": value,
        "_metadata": {
            "commerceEdition": "Adobe Commerce",
            "commerceVersion": "2.4.8",
            "eventsClientVersion": "1.12.0",
            "storeId": "1",
            "websiteId": "1",
            "storeGroupId": "1",
        },
    });
    let is_created = rows.push(|id| Row {
        id,
        event_id: Uuid::new_v4().to_string(),
        code: code.clone(),
        provider_id: subscription.provider_id.clone(),
        status: Status::Waiting,
        priority: subscription.priority,
        hipaa_audit_required: subscription.hipaa_audit_required,
        attempts: 0,
        created_at: now,
        updated_at: now,
        due_at: now,
        reason: None,
        data,
    });
    if !is_created {
        tracing::warn!(code, "the sandbox keeps no more events, so this one is not created");
    }
    is_created
}
