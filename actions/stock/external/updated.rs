use sdk::prelude::*;

use super::model::Counted;

/// Stock counted in the back office becomes source items in Commerce.
pub struct Updated;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SaveSourceItems {
    pub source_items: Vec<SourceItem>,
}

#[derive(Debug, Serialize)]
pub struct SourceItem {
    pub sku: String,
    pub source_code: String,
    pub quantity: Number,
    /// 1: in stock, 0: out of stock.
    pub status: u8,
}

impl EventHandler for Updated {
    type Event = Vec<Counted>;
    type Request = SaveSourceItems;
    const SUCCESS: &'static str = "Stock updated successfully";

    fn transform(&self, event: Self::Event) -> Result<SaveSourceItems, Stop> {
        Ok(SaveSourceItems { source_items: event.into_iter().map(SourceItem::from).collect() })
    }

    async fn send(&self, cx: &Context, request: &SaveSourceItems) -> Result<Reply, Stop> {
        let skus = request.source_items.iter().map(|item| &*item.sku);
        cx.commerce().changing("sku", skus).post("inventory/source-items", request).await
    }
}

impl From<Counted> for SourceItem {
    fn from(counted: Counted) -> Self {
        let Counted { sku, source, quantity, out_of_stock } = counted;
        Self { sku, source_code: source, quantity, status: (!out_of_stock).into() }
    }
}
