use sdk::prelude::*;

use super::model::{self, Group};
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

    async fn send(&self, cx: &Context, request: &CreateGroup) -> Result<Reply, Stop> {
        let commerce = cx.commerce().changing("customer-group", [&*request.group.code]);
        commerce.post("customerGroups", request).await
    }
}
