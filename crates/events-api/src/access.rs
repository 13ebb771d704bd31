use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

use crate::Service;
use crate::problem::Problem;

/// Who calls: a credential that is alive, proved by its bearer token and its `x-api-key`.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client_id: String,
    pub(crate) credential_id: String,
}

impl FromRequestParts<Service> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &Service) -> Result<Self, Problem> {
        Err(Problem::new(StatusCode::UNAUTHORIZED, "the token is missing, malformed or expired"))
    }
}
