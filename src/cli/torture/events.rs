//! The events of one sender: of every kind, several for each business key, each with a change of its own.

use std::collections::VecDeque;

use fastrand::Rng;
use sandbox::{OrderItem, Refused, Sandbox};
use serde_json::{Value, json};

/// After so many events a sender turns to another order: Commerce keeps every comment of one.
const EVENTS_PER_ORDER: u32 = 60;
/// After so many updates a customer or group goes, as long as there is another.
const UPDATES_MAX: u32 = 12;
const PRODUCTS: usize = 4;
const STOCKED: usize = 6;
const SKUS_PER_COUNT_MAX: usize = 4;
const FIRST_ORDER: u64 = 1_000_000;
const ORDERS_PER_SENDER: u64 = 100_000;
/// Nobody ships so much of it.
const PIECES: u32 = 1_000_000_000;
const STATUSES: [&str; 3] = ["processing", "picked", "fraud"];

/// An event that is to be sent.
#[derive(Debug)]
pub struct Draft {
    pub code: &'static str,
    pub value: Value,
    /// Its business keys, as a finding names them.
    pub keys: Vec<String>,
    /// No other event has its key, so that it may stay away.
    pub is_alone: bool,
}

/// A customer or a group that is there before the torture.
#[derive(Debug)]
pub struct Known {
    pub id: u64,
    /// E-mail address or code.
    pub name: String,
    updates: u32,
}

impl Known {
    pub fn new(id: u64, name: String) -> Self {
        Self { id, name, updates: 0 }
    }
}

pub struct Events {
    sender: usize,
    rng: Rng,
    /// Counts over all events, so that no two carry the same.
    number: u64,
    /// Whether each product is there.
    products: [bool; PRODUCTS],
    customers: VecDeque<Known>,
    groups: VecDeque<Known>,
    order: u64,
    sent_of_order: u32,
}

impl Events {
    pub fn new(sender: usize, rng: Rng, customers: Vec<Known>, groups: Vec<Known>) -> Self {
        Self {
            sender,
            rng,
            number: 0,
            products: [false; PRODUCTS],
            customers: customers.into(),
            groups: groups.into(),
            order: FIRST_ORDER + ORDERS_PER_SENDER * u64::try_from(sender).unwrap_or_default(),
            sent_of_order: EVENTS_PER_ORDER,
        }
    }

    /// The next event; what it needs is put into the sandbox.
    ///
    /// # Errors
    /// The sandbox has no room for another order.
    pub fn next(&mut self, sandbox: &Sandbox) -> Result<Draft, Refused> {
        self.number += 1;
        Ok(match self.rng.u32(0..100) {
            0..34 => self.product(),
            34..48 => self.stock(),
            48..64 => self.status(sandbox)?,
            64..76 => self.shipment(sandbox)?,
            76..86 => self.customer(),
            86..92 => self.new_customer(),
            92..98 => self.group(),
            _ => self.new_group(),
        })
    }

    /// An event that nobody waits for.
    pub fn alone(&mut self) -> Draft {
        self.number += 1;
        let sku = format!("ALONE-{}-{}", self.sender, self.number);
        let value = json!({"sku": sku, "name": "Alone", "price": self.number, "description": "nobody waits for it"});
        Draft { code: "be-observer.catalog_product_create", value, keys: vec![sku], is_alone: true }
    }

    fn product(&mut self) -> Draft {
        let which = self.rng.usize(0..PRODUCTS);
        let sku = format!("T{}-{which}", self.sender);
        let keys = vec![format!("product {sku}")];
        let goes = self.products[which] && self.rng.u32(0..12) == 0;
        if goes {
            self.products[which] = false;
            return draft("be-observer.catalog_product_delete", json!({"sku": sku}), keys);
        }
        let is_known = std::mem::replace(&mut self.products[which], true);
        let code = if is_known { "be-observer.catalog_product_update" } else { "be-observer.catalog_product_create" };
        let name = format!("Name {}", self.number);
        draft(code, json!({"sku": sku, "name": name, "price": self.number, "description": "under torture"}), keys)
    }

    fn stock(&mut self) -> Draft {
        let mut skus: Vec<usize> = (0..STOCKED).collect();
        self.rng.shuffle(&mut skus);
        skus.truncate(self.rng.usize(1..=SKUS_PER_COUNT_MAX));
        let skus: Vec<String> = skus.iter().map(|which| format!("S{}-{which}", self.sender)).collect();
        let number = self.number;
        let counted = |sku: &String| json!({"sku": sku, "source": "default", "quantity": number, "outOfStock": false});
        let value: Vec<Value> = skus.iter().map(counted).collect();
        let keys = skus.iter().map(|sku| format!("stock {sku}")).collect();
        draft("be-observer.catalog_stock_update", value.into(), keys)
    }

    fn status(&mut self, sandbox: &Sandbox) -> Result<Draft, Refused> {
        let id = self.order(sandbox)?;
        let status = STATUSES[self.rng.usize(0..STATUSES.len())];
        let value = json!({"id": id, "status": status});
        Ok(draft("be-observer.sales_order_status_update", value, vec![format!("order {id}")]))
    }

    /// Shipments of one order are often alike.
    fn shipment(&mut self, sandbox: &Sandbox) -> Result<Draft, Refused> {
        let id = self.order(sandbox)?;
        let value = json!({
            "orderId": id, "items": [{"orderItemId": id, "qty": self.rng.u32(1..=2)}], "tracks": [],
            "comment": {"comment": "", "visibleOnFront": false}, "stockSourceCode": "default",
        });
        Ok(draft("be-observer.sales_order_shipment_create", value, vec![format!("order {id}")]))
    }

    fn order(&mut self, sandbox: &Sandbox) -> Result<u64, Refused> {
        if self.sent_of_order >= EVENTS_PER_ORDER {
            self.sent_of_order = 0;
            self.order += 1;
            let item = OrderItem { id: self.order, sku: "TORTURE-PART".to_owned(), quantity: PIECES };
            sandbox.put_order(self.order, &[item])?;
        }
        self.sent_of_order += 1;
        Ok(self.order)
    }

    fn customer(&mut self) -> Draft {
        let Some((id, email, goes)) = touch(&mut self.customers) else { return self.new_customer() };
        let keys = vec![format!("customer {id}")];
        if goes {
            return draft("be-observer.customer_delete", json!({"id": id}), keys);
        }
        let value = json!({"id": id, "name": format!("Name {}", self.number), "lastname": "Torture", "email": email});
        draft("be-observer.customer_update", value, keys)
    }

    fn new_customer(&mut self) -> Draft {
        let email = format!("new{}-{}@torture.example", self.sender, self.number);
        let value = json!({"name": "New", "lastname": "Torture", "email": email});
        draft("be-observer.customer_create", value, vec![format!("customer {email}")])
    }

    fn group(&mut self) -> Draft {
        let Some((id, code, goes)) = touch(&mut self.groups) else { return self.new_customer() };
        let keys = vec![format!("group {id}")];
        if goes {
            return draft("be-observer.customer_group_delete", json!({"id": id}), keys);
        }
        let value = json!({"id": id, "name": code, "taxClassId": self.number + 3});
        draft("be-observer.customer_group_update", value, keys)
    }

    fn new_group(&mut self) -> Draft {
        let name = format!("new {}-{}", self.sender, self.number);
        let value = json!({"name": name, "taxClassId": 3});
        draft("be-observer.customer_group_create", value, vec![format!("group {name}")])
    }
}

fn draft(code: &'static str, value: Value, keys: Vec<String>) -> Draft {
    Draft { code, value, keys, is_alone: false }
}

/// The first of them, and whether this is its end.
fn touch(known: &mut VecDeque<Known>) -> Option<(u64, String, bool)> {
    let is_last = known.len() == 1;
    let first = known.front_mut()?;
    first.updates += 1;
    let goes = first.updates > UPDATES_MAX && !is_last;
    let touched = (first.id, first.name.clone(), goes);
    if goes {
        known.pop_front();
    }
    Some(touched)
}

/// How many customers and groups a sender of so many events needs.
pub fn known_wanted(events: usize) -> (usize, usize) {
    let share = |percent: usize| events * percent / 100 / usize::try_from(UPDATES_MAX).unwrap_or(1) + 1;
    (share(10), share(6))
}
