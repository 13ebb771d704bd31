//! What a new store has: the documents that the kit's sample events speak of, and a few beside them.

use serde_json::{Map, Number};

use crate::State;
use crate::answer::Answer;
use crate::customers::Customer;
use crate::draft::Attribute;
use crate::groups::{BUILT_IN, Group, TAX_CLASS_RETAIL};
use crate::products::Product;

mod sales;

const MADE: &str = "2026-01-05 08:00:00";
const PRODUCTS: [(u64, &str, &str, &str, &str); 4] = [
    (1, "TRAIL-MUG-01", "Trail Enamel Mug", "18", "Holds half a litre and survives being dropped"),
    (2, "24-MB01", "Joust Duffle Bag", "34", "Comfortable sporty duffel bag"),
    (3, "HARBOR-CAP-02", "Harbor Canvas Cap", "22.5", "One size, with a strap that keeps it on in the wind"),
    (4, "FIELD-NOTE-03", "Field Notebook", "9.95", "Ninety pages that take pencil in the rain"),
];
const GROUPS: [(u64, &str); 2] = [(18, "VIP"), (19, "Club Members")];

/// Puts in everything. The documents are ours and few, so a refusal is a mistake in them; the store goes on without.
pub fn plant(state: &mut State) {
    for (id, sku, name, price, description) in PRODUCTS {
        told(state.products.put(product(id, (sku, name), price, description)));
    }
    for (id, code) in BUILT_IN.into_iter().chain(GROUPS) {
        told(state.groups.put(Group::new(id, code.to_owned(), TAX_CLASS_RETAIL)));
    }
    for customer in customers() {
        told(state.customers.put(customer));
    }
    for order in sales::orders() {
        told(state.orders.put(order));
    }
    told(state.shipments.put(sales::shipment()));
    told(state.stock.save(PRODUCTS.map(|(_, sku, ..)| sales::source_item(sku))));
}

fn told<T>(planted: Result<T, Answer>) {
    if let Err(refusal) = planted {
        tracing::warn!(status = refusal.status.as_u16(), "the sandbox could not put in a seed");
    }
}

fn product(id: u64, (sku, name): (&str, &str), price: &str, description: &str) -> Product {
    let description = Attribute { attribute_code: "description".to_owned(), value: description.into() };
    Product {
        price: number(price),
        created_at: MADE.to_owned(),
        updated_at: MADE.to_owned().into(),
        custom_attributes: vec![description],
        ..Product::blank(id, sku.to_owned(), name.to_owned())
    }
}

fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|_| Number::from(0))
}

fn customers() -> [Customer; 2] {
    let customer = |id, website_id, email: &str, (firstname, lastname): (&str, &str)| Customer {
        id,
        group_id: crate::groups::GENERAL,
        created_at: MADE.to_owned(),
        updated_at: MADE.to_owned().into(),
        created_in: "Default Store View".to_owned(),
        email: email.to_owned(),
        firstname: firstname.to_owned(),
        lastname: lastname.to_owned(),
        store_id: website_id,
        website_id,
        other: Map::new(),
    };
    [
        // In the other website, so that it can take the address of the customer that the samples create.
        customer(15, 2, "lena.hartwig@example.com", ("Lena", "Hartwig")),
        customer(123, 1, "john.doe@fakedomain.com", ("John", "Doe")),
    ]
}
