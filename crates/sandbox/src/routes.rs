//! Which document a path below `V1/` means, and what a method does with it.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::draft::Draft;
use crate::members::{id, required};
use crate::orders::Note;
use crate::search::Fields;
use crate::shipments::Entity;
use crate::stock::{SourceItem, StockItem};
use crate::{State, customers, eventing, groups, orders, path, products, search, shipments, stock};

/// What an authorized call with a complete body wants from the store.
#[derive(Debug)]
pub struct Operation<'a> {
    pub method: &'a Method,
    /// Below `V1/`, percent-encoded.
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a [u8],
    pub now: Timestamp,
}

type Found = Result<Bytes, Answer>;

pub fn answer(state: &mut State, operation: &Operation<'_>) -> Answer {
    find(state, operation).map_or_else(|refusal| refusal, |body| Answer::json(StatusCode::OK, body))
}

/// What reading this path would answer if there is something.
pub fn document(state: &mut State, path_and_query: &str) -> Option<Value> {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let path = path.strip_suffix('/').unwrap_or(path);
    let operation = Operation { method: &Method::GET, path, query, body: &[], now: Timestamp::UNIX_EPOCH };
    serde_json::from_slice(&find(state, &operation).ok()?).ok()
}

fn find(state: &mut State, operation: &Operation<'_>) -> Found {
    let segments: Vec<&str> = operation.path.split('/').collect();
    match segments.as_slice() {
        ["products"] => all_products(state, operation),
        ["products", sku] => one_product(state, operation, &path::decode(sku).ok_or_else(Answer::no_product)?),
        ["products", sku, "stockItems", item] => stock_item(state, operation, (sku, item)),
        ["customers"] => all_customers(state, operation),
        ["customers", "search"] => search_customers(state, operation),
        ["customers", customer] => one_customer(state, operation, customer),
        ["customerGroups"] => all_groups(state, operation),
        ["customerGroups", "search"] => list(operation, &groups::FIELDS, state.groups.all()),
        ["customerGroups", group] => one_group(state, operation, group),
        ["orders"] => list(operation, &orders::FIELDS, state.orders.all()),
        ["orders", order] => only(operation, "GET", || state.orders.get(id(order)?)),
        ["orders", order, "comments"] => {
            only(operation, "POST", || state.orders.comment(id(order)?, Note::parse(operation.body)?, operation.now))
        }
        ["order", order, "ship"] => only(operation, "POST", || {
            let draft = shipments::Draft::parse(operation.body)?;
            shipments::create(state, id(order)?, draft, operation.now).map(|id| Bytes::from(id.to_string()))
        }),
        ["shipments"] => list_shipments(state, operation),
        ["shipment"] => only(operation, "POST", || save_shipment(state, operation)),
        ["shipment", shipment] => only(operation, "GET", || state.shipments.get(id(shipment)?)),
        ["inventory", "source-items"] => source_items(state, operation),
        ["inventory", "source-items-delete"] => {
            only(operation, "POST", || Ok(state.stock.remove(stock::parse_places(operation.body)?)))
        }
        ["eventing" | "adobe_io_events", ..] => eventing::answer(state.eventing.as_mut(), operation),
        _ => Err(Answer::no_route()),
    }
}

fn all_products(state: &mut State, operation: &Operation<'_>) -> Found {
    match *operation.method {
        Method::GET => search::page(operation.query, &products::FIELDS, state.products.entities()),
        Method::POST => state.products.save(Draft::parse(operation.body)?, operation.now),
        _ => Err(wrong_method(operation, "GET, POST")),
    }
}

fn one_product(state: &mut State, operation: &Operation<'_>, sku: &str) -> Found {
    match *operation.method {
        Method::GET => state.products.get(sku),
        Method::PUT => state.products.update(sku, Draft::parse(operation.body)?, operation.now),
        Method::DELETE => state.products.delete(sku),
        _ => Err(wrong_method(operation, "GET, PUT, DELETE")),
    }
}

fn all_customers(state: &mut State, operation: &Operation<'_>) -> Found {
    match *operation.method {
        Method::POST => {
            let draft = customers::Draft::parse(operation.body)?;
            state.customers.create(draft, &state.groups, operation.now)
        }
        _ => Err(wrong_method(operation, "POST")),
    }
}

fn one_customer(state: &mut State, operation: &Operation<'_>, customer: &str) -> Found {
    match *operation.method {
        Method::GET => state.customers.get(id(customer)?),
        Method::PUT => {
            let id = id(customer)?;
            let draft = customers::Draft::parse(operation.body)?;
            state.customers.update(id, draft, &state.groups, operation.now)
        }
        Method::DELETE => state.customers.delete(id(customer)?),
        _ => Err(wrong_method(operation, "GET, PUT, DELETE")),
    }
}

fn all_groups(state: &mut State, operation: &Operation<'_>) -> Found {
    match *operation.method {
        Method::POST => state.groups.create(groups::Draft::parse(operation.body)?),
        _ => Err(wrong_method(operation, "POST")),
    }
}

fn one_group(state: &mut State, operation: &Operation<'_>, group: &str) -> Found {
    match *operation.method {
        Method::GET => state.groups.get(id(group)?),
        Method::PUT => state.groups.update(id(group)?, groups::Draft::parse(operation.body)?),
        Method::DELETE => {
            let id = id(group)?;
            let done = state.groups.delete(id)?;
            state.customers.leave_group(id)?;
            Ok(done)
        }
        _ => Err(wrong_method(operation, "GET, PUT, DELETE")),
    }
}

/// Who asks for one address is not to wait until all customers have been looked at.
fn search_customers(state: &State, operation: &Operation<'_>) -> Found {
    match search::wanted(operation.query, &customers::FIELDS, "email") {
        Some(email) => list(operation, &customers::FIELDS, state.customers.with_email(&email)),
        None => list(operation, &customers::FIELDS, state.customers.all()),
    }
}

/// As with customers.
fn list_shipments(state: &State, operation: &Operation<'_>) -> Found {
    let order_id = search::wanted(operation.query, &shipments::FIELDS, "order_id");
    match order_id.and_then(|order_id| order_id.parse().ok()) {
        Some(order_id) => list(operation, &shipments::FIELDS, state.shipments.of_order(order_id)),
        None => list(operation, &shipments::FIELDS, state.shipments.all()),
    }
}

fn save_shipment(state: &mut State, operation: &Operation<'_>) -> Found {
    let Entity { entity_id, order_id, draft } = Entity::parse(operation.body)?;
    if let Some(entity_id) = entity_id {
        return shipments::update(state, (entity_id, order_id), draft, operation.now);
    }
    if draft.items.is_empty() {
        return Err(required("items"));
    }
    let id = shipments::create(state, order_id, draft, operation.now)?;
    state.shipments.get(id)
}

fn source_items(state: &mut State, operation: &Operation<'_>) -> Found {
    match *operation.method {
        Method::GET => search::page(operation.query, &stock::FIELDS, state.stock.all()),
        Method::POST => state.stock.save(SourceItem::parse_list(operation.body)?),
        _ => Err(wrong_method(operation, "GET, POST")),
    }
}

/// The product decides; the id of its stock item is only given back.
fn stock_item(state: &mut State, operation: &Operation<'_>, (sku, item): (&str, &str)) -> Found {
    only(operation, "PUT", || {
        let sku = path::decode(sku).ok_or_else(Answer::no_product)?;
        let item_id = id(item)?;
        let wanted = StockItem::parse(operation.body)?;
        let sku = state.products.known_sku(&sku).ok_or_else(Answer::no_product)?;
        state.stock.set(sku, &wanted)?;
        Ok(Bytes::from(item_id.to_string()))
    })
}

fn list<'a, T: Serialize + 'a>(
    operation: &Operation<'_>,
    fields: &Fields,
    documents: impl Iterator<Item = &'a T>,
) -> Found {
    only(operation, "GET", || search::page(operation.query, fields, documents))
}

/// For routes that answer one method.
fn only(operation: &Operation<'_>, method: &'static str, act: impl FnOnce() -> Found) -> Found {
    if operation.method.as_str() == method { act() } else { Err(wrong_method(operation, method)) }
}

fn wrong_method(operation: &Operation<'_>, allow: &'static str) -> Answer {
    Answer::wrong_method(operation.method.as_str(), allow)
}
