use sdk::Route;

/// Which handler takes which product event of the back office.
pub const ROUTES: &[Route] = &[
    ("be-observer.catalog_product_create", "product-backoffice/created"),
    ("be-observer.catalog_product_update", "product-backoffice/updated"),
    ("be-observer.catalog_product_delete", "product-backoffice/deleted"),
];
