use sdk::prelude::*;

use super::model::{self, Customer};
use crate::customer::echo;

/// A customer who is new in the back office is created in Commerce.
pub struct Created;

#[derive(Debug, Serialize)]
pub struct CreateCustomer {
    pub customer: Customer,
}

impl EventHandler for Created {
    type Event = model::Created;
    type Request = CreateCustomer;
    const SUCCESS: &'static str = "Customer created successfully";

    fn echo(&self, event: &Self::Event) -> Option<Echo> {
        let echo = Echo::to_commerce("customer");
        Some(echo::saved(echo, &event.email, Some(&event.name), Some(&event.lastname)))
    }

    fn transform(&self, event: Self::Event) -> Result<CreateCustomer, Stop> {
        let Self::Event { name, lastname, email } = event;
        Ok(CreateCustomer { customer: Customer { email, firstname: name, lastname } })
    }

    async fn send(&self, cx: &Context, request: &CreateCustomer) -> Result<Reply, Stop> {
        let commerce = cx.commerce().changing("customer", [&*request.customer.email]);
        commerce.post("customers", request).await
    }
}
