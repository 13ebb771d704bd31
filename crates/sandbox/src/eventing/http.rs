//! Connections to an events API.

use std::time::Duration;

use reqwest::Response;
use reqwest::redirect::Policy;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// A token or a short complaint.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Follows no redirect: a token is for the address it was meant for.
///
/// # Errors
/// TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder().no_proxy().redirect(Policy::none());
    builder.connect_timeout(CONNECT_WITHIN).timeout(ANSWER_WITHIN).build()
}

/// `None` when it broke off or is too long.
pub async fn read_bounded(mut answer: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.ok()? {
        if body.len() + part.len() > ANSWER_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&part);
    }
    Some(body)
}
