use sdk::{Consumer, Route, filled};

/// Which stock event of Commerce goes to which handler, and what it has to bring.
pub const CONSUMER: Consumer = Consumer::of_commerce(&[Route::new(
    "com.adobe.commerce.observer.cataloginventory_stock_item_save_commit_after",
    "stock-commerce/updated",
)
.needs(&[filled("data.value")])]);
