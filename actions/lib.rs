//! The actions: one file for each handler, under `<entity>/<system>/<operation>.rs`. This is the part of the kit that
//! is yours to edit.
//!
//! Invariant: a function runs only when it stands in the table below and an `actions.config.yaml` names it.

mod backoffice;
mod commerce;
mod events;
mod id;

mod ingestion {
    mod auth;
    #[cfg(test)]
    mod tests;
    pub mod webhook;
}

mod webhook {
    mod cart;
    pub mod check_stock;
    mod quantity;
    mod stock;
    #[cfg(test)]
    mod tests;
}

mod starter_kit {
    pub mod info;
}

pub mod product {
    pub mod commerce {
        pub(crate) mod consumer;
        pub(crate) mod created;
        pub(crate) mod deleted;
        pub(crate) mod full_sync;
        mod model;
        pub(crate) mod updated;
    }
    pub(crate) mod echo;

    pub mod external {
        pub(crate) mod consumer;
        pub(crate) mod created;
        pub(crate) mod deleted;
        pub mod model;
        pub(crate) mod updated;
    }
}

pub mod customer {
    pub mod commerce {
        pub(crate) mod consumer;
        pub(crate) mod created;
        pub(crate) mod deleted;
        pub(crate) mod group_deleted;
        pub(crate) mod group_updated;
        mod model;
        pub(crate) mod updated;
    }
    pub(crate) mod echo;

    pub mod external {
        pub(crate) mod consumer;
        pub(crate) mod created;
        pub(crate) mod deleted;
        pub(crate) mod group_created;
        pub(crate) mod group_deleted;
        pub(crate) mod group_updated;
        pub mod model;
        pub(crate) mod updated;
    }
}

pub mod order {
    pub mod commerce {
        pub(crate) mod consumer;
        pub(crate) mod created;
        pub(crate) mod updated;
    }
    mod comments;
    mod shipment;

    pub mod external {
        pub(crate) mod consumer;
        pub mod model;
        pub(crate) mod shipment_created;
        pub(crate) mod shipment_updated;
        pub(crate) mod updated;
    }
}

pub mod stock {
    pub mod commerce {
        pub(crate) mod consumer;
        pub(crate) mod updated;
    }

    pub mod external {
        pub(crate) mod consumer;
        pub mod model;
        pub(crate) mod updated;
    }
}

pub use events::{COMMERCE_EVENTS, EVENTS};
use sdk::Table;

/// Every function that a configuration can name, by its path.
pub fn table() -> Table {
    Table::default()
        .web("ingestion/webhook", ingestion::webhook::Webhook)
        .consumer("product/external/consumer", product::external::consumer::CONSUMER)
        .event("product/external/created", product::external::created::Created)
        .event("product/external/updated", product::external::updated::Updated)
        .event("product/external/deleted", product::external::deleted::Deleted)
        .consumer("customer/external/consumer", customer::external::consumer::CONSUMER)
        .event("customer/external/created", customer::external::created::Created)
        .event("customer/external/updated", customer::external::updated::Updated)
        .event("customer/external/deleted", customer::external::deleted::Deleted)
        .event("customer/external/group_created", customer::external::group_created::GroupCreated)
        .event("customer/external/group_updated", customer::external::group_updated::GroupUpdated)
        .event("customer/external/group_deleted", customer::external::group_deleted::GroupDeleted)
        .consumer("order/external/consumer", order::external::consumer::CONSUMER)
        .event("order/external/updated", order::external::updated::Updated)
        .event("order/external/shipment_created", order::external::shipment_created::ShipmentCreated)
        .event("order/external/shipment_updated", order::external::shipment_updated::ShipmentUpdated)
        .consumer("stock/external/consumer", stock::external::consumer::CONSUMER)
        .event("stock/external/updated", stock::external::updated::Updated)
        .consumer("product/commerce/consumer", product::commerce::consumer::CONSUMER)
        .event("product/commerce/created", product::commerce::created::Created)
        .event("product/commerce/updated", product::commerce::updated::Updated)
        .event("product/commerce/deleted", product::commerce::deleted::Deleted)
        .consumer("customer/commerce/consumer", customer::commerce::consumer::CONSUMER)
        .event("customer/commerce/created", customer::commerce::created::Created)
        .event("customer/commerce/updated", customer::commerce::updated::Updated)
        .event("customer/commerce/deleted", customer::commerce::deleted::Deleted)
        .event("customer/commerce/group_updated", customer::commerce::group_updated::GroupUpdated)
        .event("customer/commerce/group_deleted", customer::commerce::group_deleted::GroupDeleted)
        .consumer("order/commerce/consumer", order::commerce::consumer::CONSUMER)
        .event("order/commerce/created", order::commerce::created::Created)
        .event("order/commerce/updated", order::commerce::updated::Updated)
        .consumer("stock/commerce/consumer", stock::commerce::consumer::CONSUMER)
        .event("stock/commerce/updated", stock::commerce::updated::Updated)
        .web("product/commerce/full_sync", product::commerce::full_sync::FullSync::default())
        .web("webhook/check_stock", webhook::check_stock::CheckStock)
        .web("starter_kit/info", starter_kit::info::Info)
}
