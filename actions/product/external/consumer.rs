use sdk::{Consumer, Route};

/// Which handler takes which product event of the back office.
pub const CONSUMER: Consumer = Consumer::of_backoffice(&[
    Route::new("be-observer.catalog_product_create", "product-backoffice/created"),
    Route::new("be-observer.catalog_product_update", "product-backoffice/updated"),
    Route::new("be-observer.catalog_product_delete", "product-backoffice/deleted"),
]);
