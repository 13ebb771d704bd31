use sdk::{Consumer, Route};

/// Which handler takes which customer event of the back office.
pub const CONSUMER: Consumer = Consumer::of_backoffice(&[
    Route::new("be-observer.customer_create", "customer-backoffice/created"),
    Route::new("be-observer.customer_update", "customer-backoffice/updated"),
    Route::new("be-observer.customer_delete", "customer-backoffice/deleted"),
    Route::new("be-observer.customer_group_create", "customer-backoffice/group-created"),
    Route::new("be-observer.customer_group_update", "customer-backoffice/group-updated"),
    Route::new("be-observer.customer_group_delete", "customer-backoffice/group-deleted"),
]);
