use adobe::CommerceSignature;
use async_trait::async_trait;
use engine::{Denial, Guard};
use sdk::web::Request;

/// The request was signed by the Commerce whose public key the action was given.
#[derive(Debug)]
pub struct SignedByCommerce(pub CommerceSignature);

#[async_trait]
impl Guard for SignedByCommerce {
    async fn check(&self, request: &Request) -> Result<(), Denial> {
        self.0.check(&request.headers, &request.body).map_err(Denial::unproven)
    }
}
