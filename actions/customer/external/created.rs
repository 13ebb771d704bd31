use sdk::prelude::*;

use super::model::{self, Customer};
use crate::commerce::{can_be_of_event, is_same_text, search};
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

    /// An e-mail address belongs to one customer of a website. One who had it before the event, perhaps in another
    /// website, is not ours: Commerce decides about that.
    async fn find_effect(&self, cx: &Context, request: &CreateCustomer) -> Result<Option<Reply>, Stop> {
        let email = &*request.customer.email;
        let found = search(cx, "customers/search", SearchCriteria::new().filter("email", "eq", email)).await?;
        let is_ours = |customer: &Value| {
            customer["email"].as_str().is_some_and(|found| is_same_text(found, email)) && can_be_of_event(cx, customer)
        };
        Ok(found.into_iter().find(is_ours).map(Reply::of_earlier_attempt))
    }

    async fn send(&self, cx: &Context, request: &CreateCustomer) -> Result<Reply, Stop> {
        let commerce = cx.commerce().changing("customer", [&*request.customer.email]);
        commerce.post("customers", request).await
    }
}
