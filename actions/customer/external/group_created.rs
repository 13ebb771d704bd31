use sdk::prelude::*;

use super::model::{self, Group};
use crate::commerce::{is_same_text, search};
use crate::customer::echo;

/// A customer group that is new in the back office is created in Commerce.
pub struct GroupCreated;

#[derive(Debug, Serialize)]
pub struct CreateGroup {
    pub group: Group,
}

impl EventHandler for GroupCreated {
    type Event = model::GroupCreated;
    type Request = CreateGroup;
    const SUCCESS: &'static str = "Customer group created successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let tax_class_id = Value::Number(event.tax_class_id.clone());
        Some(echo::group_saved(Echo::to_commerce("customer-group"), &event.name, Some(&tax_class_id)))
    }

    fn transform(&self, event: Self::Event) -> Result<CreateGroup, Stop> {
        Ok(CreateGroup { group: Group { code: event.name, tax_class_id: event.tax_class_id } })
    }

    /// A code belongs to one group. One with another tax class is not ours: Commerce decides about that.
    async fn find_effect(&self, cx: &Context, request: &CreateGroup) -> Result<Option<Reply>, Stop> {
        let Group { code, tax_class_id } = &request.group;
        let found = search(cx, "customerGroups/search", SearchCriteria::new().filter("code", "eq", code)).await?;
        let is_ours = |group: &Value| {
            group["code"].as_str().is_some_and(|found| is_same_text(found, code))
                && group["tax_class_id"].as_f64() == tax_class_id.as_f64()
        };
        Ok(found.into_iter().find(is_ours).map(Reply::of_earlier_attempt))
    }

    async fn send(&self, cx: &Context, request: &CreateGroup) -> Result<Reply, Stop> {
        let commerce = cx.commerce().changing("customer-group", [&*request.group.code]);
        commerce.post("customerGroups", request).await
    }
}
