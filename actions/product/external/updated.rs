use sdk::prelude::*;

use super::model::{self, SaveProduct};
use crate::product::echo;

/// A product that changed in the back office is updated in Commerce.
pub struct Updated;

impl EventHandler for Updated {
    type Event = model::Updated;
    type Request = SaveProduct;
    const SUCCESS: &'static str = "Product updated successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let price = Value::Number(event.price.clone());
        let echo = Echo::to_commerce("product");
        Some(echo::saved(echo, &event.sku, Some(&event.name), Some(&price), Some(&event.description)))
    }

    fn transform(&self, event: Self::Event) -> Result<SaveProduct, Stop> {
        Ok(event.into())
    }

    async fn send(&self, cx: &Context, request: &SaveProduct) -> Result<Reply, Stop> {
        let sku = &*request.product.sku;
        cx.commerce().changing("sku", [sku]).put(format!("products/{}", segment(sku)), request).await
    }
}
