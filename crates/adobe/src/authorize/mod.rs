//! Credentials of calls to targets.

mod fixed;
mod oauth1;
mod token;

use std::fmt;

use async_trait::async_trait;
use http::HeaderMap;
use sdk::Stop;

pub use self::fixed::{ApiKey, Basic, Bearer, NoCredentials};
pub use self::oauth1::{OAuth1, OAuth1Credentials};
pub use self::token::{ClientCredentials, ImsBearer};

/// Puts the credentials of one attempt onto a request.
#[async_trait]
pub trait Authorize: Send + Sync + fmt::Debug {
    async fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Stop>;

    /// Told when the request with these headers was answered 401; says whether one more attempt may fare better.
    fn rejected(&self, _sent: &HeaderMap) -> bool {
        false
    }
}
