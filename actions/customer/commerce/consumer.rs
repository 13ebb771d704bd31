use sdk::{Consumer, Route, filled};

/// Which customer and group event of Commerce goes to which handler, and what it has to bring.
pub const CONSUMER: Consumer = Consumer::of_commerce(&[
    Route::saved(
        "com.adobe.commerce.observer.customer_save_commit_after",
        "customer-commerce/created",
        "customer-commerce/updated",
    )
    .needs(&[filled("data.value.created_at"), filled("data.value.updated_at")]),
    Route::new("com.adobe.commerce.observer.customer_delete_commit_after", "customer-commerce/deleted")
        .needs(&[filled("data.value")]),
    Route::new("com.adobe.commerce.observer.customer_group_save_commit_after", "customer-commerce/group-updated")
        .needs(&[filled("data.value")]),
    Route::new("com.adobe.commerce.observer.customer_group_delete_commit_after", "customer-commerce/group-deleted")
        .needs(&[filled("data.value.customer_group_code")]),
]);
