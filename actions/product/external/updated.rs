use sdk::prelude::*;

use super::model::{self, SaveProduct};

/// A product that changed in the back office is updated in Commerce.
pub struct Updated;

impl EventHandler for Updated {
    type Event = model::Updated;
    type Request = SaveProduct;
    const SUCCESS: &'static str = "Product updated successfully";

    fn transform(&self, event: Self::Event) -> Result<SaveProduct, Stop> {
        Ok(event.into())
    }

    async fn send(&self, cx: &Context, request: &SaveProduct) -> Result<Reply, Stop> {
        cx.commerce().put(format!("products/{}", segment(&request.product.sku)), request).await
    }
}
