use sdk::prelude::*;

use super::model::{self, Customer};
use crate::customer::echo;
use crate::id;

/// A customer who changed in the back office is updated in Commerce.
pub struct Updated;

#[derive(Debug, Serialize)]
pub struct UpdateCustomer {
    pub customer: KnownCustomer,
}

#[derive(Debug, Serialize)]
pub struct KnownCustomer {
    pub id: Number,
    #[serde(flatten)]
    pub fields: Customer,
}

impl EventHandler for Updated {
    type Event = model::Updated;
    type Request = UpdateCustomer;
    const SUCCESS: &'static str = "Customer updated successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let echo = Echo::to_commerce("customer");
        Some(echo::saved(echo, &event.email, Some(&event.name), Some(&event.lastname)))
    }

    fn transform(&self, event: Self::Event) -> Result<UpdateCustomer, Stop> {
        let Self::Event { id, name, lastname, email } = event;
        let fields = Customer { email, firstname: name, lastname };
        Ok(UpdateCustomer { customer: KnownCustomer { id, fields } })
    }

    async fn send(&self, cx: &Context, request: &UpdateCustomer) -> Result<Reply, Stop> {
        let KnownCustomer { id, fields } = &request.customer;
        let id = id::text(id);
        // A creation knows the e-mail only.
        let commerce = cx.commerce().changing("customer", [&*id, &*fields.email]);
        commerce.put(format!("customers/{}", segment(&id)), request).await
    }
}
