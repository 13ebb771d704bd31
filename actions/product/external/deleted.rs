use sdk::prelude::*;

use super::model;
use crate::commerce;
use crate::product::echo;

/// A product that is gone from the back office is deleted in Commerce.
pub struct Deleted;

#[derive(Debug, Serialize)]
pub struct DeleteProduct {
    pub sku: String,
}

impl EventHandler for Deleted {
    type Event = model::Deleted;
    type Request = DeleteProduct;
    const SUCCESS: &'static str = "Product deleted successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        Some(echo::deleted(Echo::to_commerce("product"), &event.sku))
    }

    fn transform(&self, event: Self::Event) -> Result<DeleteProduct, Stop> {
        Ok(DeleteProduct { sku: event.sku })
    }

    async fn send(&self, cx: &Context, request: &DeleteProduct) -> Result<Reply, Stop> {
        let sku = &*request.sku;
        let path = format!("products/{}", segment(sku));
        commerce::delete(cx, cx.commerce().changing("sku", [sku]), path).await
    }
}
