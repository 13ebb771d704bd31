//! What both directions carry of a product. The echoes are of the entity `product`.

use sdk::prelude::*;

/// A product that was created or updated.
pub fn saved(echo: Echo, sku: &str, name: Option<&str>, price: Option<&Value>, description: Option<&str>) -> Echo {
    let price = price.filter(|price| !price.is_null());
    echo.saved(sku).text("name", name).number("price", price).text("description", description)
}

/// A product that is gone.
pub fn deleted(echo: Echo, sku: &str) -> Echo {
    echo.deleted(sku)
}
