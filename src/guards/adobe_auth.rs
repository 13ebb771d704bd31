use std::time::Duration;

use adobe::{TokenCheck, TokenDoubt};
use async_trait::async_trait;
use engine::{Denial, Guard};
use events_api::{Doubt, Service};
use http::HeaderName;
use sdk::web::Request;

use super::headers;

/// Where the caller names the organisation for which he comes (contract, Adobe I/O Runtime, `require-adobe-auth`).
const ORG_ID: HeaderName = HeaderName::from_static("x-gw-ims-org-id");

/// A store that cannot be read opens again after a second.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// An access token and the organisation that it is of, which has to be ours.
#[derive(Debug)]
pub struct AdobeAuth {
    /// `<24 hex digits>@AdobeOrg`.
    pub org_id: String,
    pub authority: Authority,
}

/// Who vouches for tokens.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Our own events service: it has one organisation, so its tokens are all of that.
    Own(Service),
    Ims(TokenCheck),
}

#[async_trait]
impl Guard for AdobeAuth {
    async fn check(&self, request: &Request) -> Result<(), Denial> {
        let token = headers::bearer(&request.headers).map_err(Denial::unproven)?;
        let org_id = headers::only(&request.headers, &ORG_ID).map_err(Denial::unproven)?;
        if org_id != self.org_id {
            return Err(Denial::unproven(format!("`{ORG_ID}` names another organisation than this kit's")));
        }
        self.authority.vouch(token).await
    }
}

impl Authority {
    /// Whether a token counts.
    pub async fn vouch(&self, token: &str) -> Result<(), Denial> {
        match self {
            Self::Own(service) => service.vouch(token).await.map_err(|doubt| match doubt {
                Doubt::Refused(reason) => Denial::Unproven { reason },
                Doubt::Unknown(_) => Denial::Undecided { reason: doubt.to_string(), retry_after: STORE_PAUSE },
            }),
            Self::Ims(check) => check.check(token).await.map_err(|doubt| match doubt {
                TokenDoubt::Refused(reason) => Denial::Unproven { reason },
                TokenDoubt::Unknown { reason, retry_after } => Denial::Undecided { reason, retry_after },
            }),
        }
    }
}
