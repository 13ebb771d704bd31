use async_trait::async_trait;
use engine::{Denial, Guard};
use http::HeaderName;
use schemes::Secrets;
use sdk::web::Request;
use server::RuntimeKey;

use super::headers;

/// Where callers bring the secret of one action (contract, Adobe I/O Runtime, `require-whisk-auth`).
const SECRET: HeaderName = HeaderName::from_static("x-require-whisk-auth");

/// What the annotation `require-whisk-auth` asks callers for.
#[derive(Debug)]
pub enum WhiskAuth {
    /// The key of the namespace, by HTTP Basic.
    Key(RuntimeKey),
    /// A secret of the action's own.
    Secret(Secrets),
}

#[async_trait]
impl Guard for WhiskAuth {
    async fn check(&self, request: &Request) -> Result<(), Denial> {
        let (is_brought, reason) = match self {
            Self::Key(key) => (key.admits(&request.headers), "`authorization` does not bring the key of the namespace"),
            Self::Secret(secrets) => {
                let said = headers::only(&request.headers, &SECRET);
                let said = said.map_err(|reason| Denial::Unauthenticated { reason })?;
                (secrets.has(said.as_bytes()), "`x-require-whisk-auth` is another secret than the action's")
            }
        };
        if is_brought { Ok(()) } else { Err(Denial::Unauthenticated { reason: reason.to_owned() }) }
    }
}
