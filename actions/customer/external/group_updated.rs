use sdk::prelude::*;

use super::model::{self, Group};
use crate::customer::echo;
use crate::id;

/// A customer group that changed in the back office is updated in Commerce.
pub struct GroupUpdated;

#[derive(Debug, Serialize)]
pub struct UpdateGroup {
    pub group: KnownGroup,
}

#[derive(Debug, Serialize)]
pub struct KnownGroup {
    pub id: Number,
    #[serde(flatten)]
    pub fields: Group,
}

impl EventHandler for GroupUpdated {
    type Event = model::GroupUpdated;
    type Request = UpdateGroup;
    const SUCCESS: &'static str = "Customer group updated successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let tax_class_id = Value::Number(event.tax_class_id.clone());
        Some(echo::group_saved(Echo::to_commerce("customer-group"), &event.name, Some(&tax_class_id)))
    }

    fn transform(&self, event: Self::Event) -> Result<UpdateGroup, Stop> {
        let Self::Event { id, name, tax_class_id } = event;
        Ok(UpdateGroup { group: KnownGroup { id, fields: Group { code: name, tax_class_id } } })
    }

    async fn send(&self, cx: &Context, request: &UpdateGroup) -> Result<Reply, Stop> {
        let KnownGroup { id, fields } = &request.group;
        let id = id::text(id);
        // A creation knows the code only.
        let commerce = cx.commerce().changing("customer-group", [&*id, &*fields.code]);
        commerce.put(format!("customerGroups/{}", segment(&id)), request).await
    }
}
