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

/// The events that Commerce sends, with the place of the business key. Stores differ in the fields they subscribe to, so
/// what they carry is not checked here: consumers say what they need.
#[rustfmt::skip]
pub const COMMERCE_EVENTS: &[EventSpec] = &[
    EventSpec::of_commerce("com.adobe.commerce.observer.catalog_product_save_commit_after", "product", &["/value/sku"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.catalog_product_delete_commit_after", "product", &["/value/sku"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.customer_save_commit_after", "customer", &["/value/id"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.customer_delete_commit_after", "customer", &["/value/id"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.customer_group_save_commit_after", "customer-group", &["/value/customer_group_id"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.customer_group_delete_commit_after", "customer-group", &["/value/customer_group_id"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.sales_order_save_commit_after", "order", &["/value/id"]),
    EventSpec::of_commerce("com.adobe.commerce.observer.cataloginventory_stock_item_save_commit_after", "stock", &["/value/product_id"]),
];
