use sdk::EventSpec;

use crate::customer::external::model as customer;
use crate::order::external::model as order;
use crate::product::external::model as product;
use crate::stock::external::model as stock;

/// The events that a back office may send: code, type of the value, entity, and where the business key lies whose
/// order counts. The types are the one source of validation, `GET /schemas/{event_code}.json` and documentation.
#[rustfmt::skip]
pub const EVENTS: &[EventSpec] = &[
    EventSpec::of::<product::Created>("be-observer.catalog_product_create", "product", &["/sku"]),
    EventSpec::of::<product::Updated>("be-observer.catalog_product_update", "product", &["/sku"]),
    EventSpec::of::<product::Deleted>("be-observer.catalog_product_delete", "product", &["/sku"]),
    EventSpec::of::<customer::Created>("be-observer.customer_create", "customer", &["/email"]),
    EventSpec::of::<customer::Updated>("be-observer.customer_update", "customer", &["/id", "/email"]),
    EventSpec::of::<customer::Deleted>("be-observer.customer_delete", "customer", &["/id"]),
    EventSpec::of::<customer::GroupCreated>("be-observer.customer_group_create", "customer-group", &["/name"]),
    EventSpec::of::<customer::GroupUpdated>("be-observer.customer_group_update", "customer-group", &["/id", "/name"]),
    EventSpec::of::<customer::GroupDeleted>("be-observer.customer_group_delete", "customer-group", &["/id"]),
    EventSpec::of::<order::StatusUpdated>("be-observer.sales_order_status_update", "order", &["/id"]),
    EventSpec::of::<order::ShipmentCreated>("be-observer.sales_order_shipment_create", "order", &["/orderId"]),
    EventSpec::of::<order::ShipmentUpdated>("be-observer.sales_order_shipment_update", "order", &["/orderId"]),
    EventSpec::of::<Vec<stock::Counted>>("be-observer.catalog_stock_update", "stock", &["/*/sku"]),
];
