use sdk::{Consumer, Route, filled, present};

/// Which product event of Commerce goes to which handler, and what it has to bring. An
/// empty description is a description.
pub const CONSUMER: Consumer = Consumer::of_commerce(&[
    Route::saved(
        "com.adobe.commerce.observer.catalog_product_save_commit_after",
        "product-commerce/created",
        "product-commerce/updated",
    ),
    Route::new("com.adobe.commerce.observer.catalog_product_delete_commit_after", "product-commerce/deleted")
        .needs(&[filled("data.value.sku")]),
])
.needs(&[
    filled("data.value.created_at"),
    filled("data.value.updated_at"),
    filled("data.value.sku"),
    present("data.value.description"),
]);
