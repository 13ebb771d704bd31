use sdk::prelude::*;

use super::model::{self, SaveProduct};
use crate::product::echo;

/// A product that is new in the back office is created in Commerce.
pub struct Created;

impl EventHandler for Created {
    type Event = model::Created;
    type Request = SaveProduct;
    const SUCCESS: &'static str = "Product created successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let price = event.price.clone().map(Value::Number);
        let echo = Echo::to_commerce("product");
        Some(echo::saved(echo, &event.sku, Some(&event.name), price.as_ref(), Some(&event.description)))
    }

    fn transform(&self, event: Self::Event) -> Result<SaveProduct, Stop> {
        Ok(event.into())
    }

    async fn send(&self, cx: &Context, request: &SaveProduct) -> Result<Reply, Stop> {
        let commerce = cx.commerce().changing("sku", [&*request.product.sku]);
        commerce.post("products", request).await
    }
}
