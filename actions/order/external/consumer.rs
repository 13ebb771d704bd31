use sdk::{Consumer, Route};

/// Which handler takes which order event of the back office.
pub const CONSUMER: Consumer = Consumer::of_backoffice(&[
    Route::new("be-observer.sales_order_status_update", "order-backoffice/updated"),
    Route::new("be-observer.sales_order_shipment_create", "order-backoffice/shipment-created"),
    Route::new("be-observer.sales_order_shipment_update", "order-backoffice/shipment-updated"),
]);
