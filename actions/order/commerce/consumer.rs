use sdk::{Consumer, Route, filled};

/// Which order event of Commerce goes to which handler, and what it has to bring.
pub const CONSUMER: Consumer = Consumer::of_commerce(&[Route::saved(
    "com.adobe.commerce.observer.sales_order_save_commit_after",
    "order-commerce/created",
    "order-commerce/updated",
)])
.needs(&[filled("data.value.created_at"), filled("data.value.updated_at")]);
