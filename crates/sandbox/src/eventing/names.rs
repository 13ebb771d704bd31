//! The names that events of Commerce have, and which of them the stand-in brings about.

/// Goes before a name in what the events API sees.
pub const CODE_PREFIX: &str = "com.adobe.commerce.";
pub const NAME_CHARS_MAX: usize = 255;
const OBSERVER: &str = "observer.";
const PLUGIN: &str = "plugin.magento.";

/// What happens in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    ProductSaved,
    ProductDeleted,
    CustomerSaved,
    CustomerDeleted,
    GroupSaved,
    GroupDeleted,
    OrderSaved,
    StockItemSaved,
}

/// Events that Commerce has and that nothing here brings about; who subscribes to one is not refused.
const SILENT: [&str; 15] = [
    "customer_login",
    "customer_register_success",
    "customer_save_after",
    "catalog_category_save_after",
    "catalog_category_delete_after",
    "catalog_product_save_after",
    "sales_order_invoice_save_after",
    "sales_order_save_after",
    "sales_order_shipment_save_after",
    "sales_order_shipment_track_save_after",
    "sales_order_creditmemo_save_after",
    "sales_order_status_history_save_after",
    "sales_quote_save_after",
    "salesrule_rule_save_after",
    "salesrule_rule_delete_after",
];

impl Happening {
    const ALL: [Self; 8] = [
        Self::ProductSaved,
        Self::ProductDeleted,
        Self::CustomerSaved,
        Self::CustomerDeleted,
        Self::GroupSaved,
        Self::GroupDeleted,
        Self::OrderSaved,
        Self::StockItemSaved,
    ];

    /// Behind `observer.`.
    fn observed(self) -> &'static str {
        match self {
            Self::ProductSaved => "catalog_product_save_commit_after",
            Self::ProductDeleted => "catalog_product_delete_commit_after",
            Self::CustomerSaved => "customer_save_commit_after",
            Self::CustomerDeleted => "customer_delete_commit_after",
            Self::GroupSaved => "customer_group_save_commit_after",
            Self::GroupDeleted => "customer_group_delete_commit_after",
            Self::OrderSaved => "sales_order_save_commit_after",
            Self::StockItemSaved => "cataloginventory_stock_item_save_commit_after",
        }
    }

    pub fn is_called(self, name: &str) -> bool {
        name.strip_prefix(OBSERVER) == Some(self.observed())
    }
}

/// Whether Commerce has an event of this name. Of plugins only the form is looked at: which classes and methods a
/// store has is not known here.
pub fn is_known(name: &str) -> bool {
    if let Some(observed) = name.strip_prefix(OBSERVER) {
        return SILENT.contains(&observed) || Happening::ALL.iter().any(|happening| happening.observed() == observed);
    }
    // Module, class path and method, at the least.
    name.strip_prefix(PLUGIN).is_some_and(|rest| rest.split('.').filter(|part| !part.is_empty()).count() >= 3)
}

/// Lower case, digits, underscores, dots, and the hyphens that a prefix may have.
pub fn is_well_formed(name: &str) -> bool {
    let is_allowed = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '_' | '.' | '-');
    name.len() <= NAME_CHARS_MAX && name.chars().all(is_allowed) && name.split('.').all(|part| !part.is_empty())
}
