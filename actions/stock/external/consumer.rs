use sdk::{Consumer, Route};

/// Which handler takes which stock event of the back office.
pub const CONSUMER: Consumer =
    Consumer::of_backoffice(&[Route::new("be-observer.catalog_stock_update", "stock-backoffice/updated")]);
