use sdk::prelude::*;

use super::model::{self, SaveProduct};

/// A product that is new in the back office is created in Commerce.
pub struct Created;

impl EventHandler for Created {
    type Event = model::Created;
    type Request = SaveProduct;
    const SUCCESS: &'static str = "Product created successfully";

    fn transform(&self, event: Self::Event) -> Result<SaveProduct, Stop> {
        Ok(event.into())
    }

    async fn send(&self, cx: &Context, request: &SaveProduct) -> Result<Reply, Stop> {
        cx.commerce().post("products", request).await
    }
}
