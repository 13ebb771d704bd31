use std::sync::Arc;

use async_trait::async_trait;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::Value;

use crate::authorize::Authorize;
use crate::complaint;
use crate::pool::{BodyError, Pool, Silence, read};
use crate::retry_after::retry_after;

/// Larger answers are not read.
const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Carries the event's id, the same on every attempt.
const EVENT_ID: HeaderName = HeaderName::from_static("x-event-id");

/// The REST API of one Adobe Commerce store.
#[derive(Debug)]
pub struct Commerce {
    pool: Pool,
    /// Ends with `/`; `V1/...` follows.
    base_url: String,
    authorize: Arc<dyn Authorize>,
}

impl Commerce {
    /// `base_url` as in `COMMERCE_BASE_URL`: everything before `V1/`.
    pub fn new(pool: Pool, base_url: &str, authorize: Arc<dyn Authorize>) -> Self {
        let base_url = format!("{}/", base_url.trim_end_matches('/'));
        Self { pool, base_url, authorize }
    }

    async fn request(&self, call: Call) -> Result<reqwest::Request, Stop> {
        if has_dot_segment(&call.path) {
            return Err(Stop::reject("what is called `.` or `..` has no address in Commerce"));
        }
        let url = format!("{}V1/{}", self.base_url, call.path);
        let mut request = self.pool.client().request(call.method, url).header(ACCEPT, "application/json");
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(id) = call.event_id.and_then(|id| HeaderValue::try_from(id).ok()) {
            request = request.header(EVENT_ID, id);
        }
        let mut request = request
            .build()
            .map_err(|error| Stop::park("this call has no valid address in Commerce").because(error.without_url()))?;
        self.authorize.authorize(&mut request).await?;
        Ok(request)
    }
}

#[async_trait]
impl TargetPort for Commerce {
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        let request = self.request(call).await?;
        let mut response = self.pool.client().execute(request).await.map_err(no_reply)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), Timestamp::now());
        let bytes = match read(&mut response, REPLY_BYTES_MAX).await {
            Ok(bytes) => bytes,
            Err(BodyError::Broken(error)) => return Err(no_reply(error)),
            Err(BodyError::TooLarge) => {
                let error = format!("Commerce answered {status} with more than {REPLY_BYTES_MAX} bytes");
                return Ok(Reply { status: 502, error: Some(error), ..Reply::default() });
            }
        };
        Ok(Reply { retry_after, ..judge(status, &bytes) })
    }
}

/// Whether a path would lead elsewhere: the URL standard resolves `.` and `..` also when their dots are escaped, so
/// `products/%2E%2E` would be `V1/` itself.
fn has_dot_segment(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | ".."))
}

/// An answer of 2xx has to be JSON, or empty: anything else comes from something in between.
fn judge(status: u16, bytes: &[u8]) -> Reply {
    let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
    let body = if is_empty { Ok(Value::Null) } else { serde_json::from_slice(bytes) };
    let is_success = (200..300).contains(&status);
    match body {
        Ok(body) if is_success => Reply::new(status, body),
        Ok(body) => Reply { error: Some(complaint::render(status, &body)), ..Reply::new(status, body) },
        Err(_) if is_success => {
            let error = format!("Commerce answered {status} with something that is not JSON");
            Reply { status: 502, error: Some(error), ..Reply::default() }
        }
        Err(_) => Reply { error: Some(complaint::render(status, &Value::Null)), ..Reply::new(status, Value::Null) },
    }
}

/// No reply at all. Whether the call had its effect is not known; again is right, because calls carry the event's id
/// and saving a product twice is saving it once.
fn no_reply(error: reqwest::Error) -> Stop {
    let stop = match Silence::of(&error) {
        Silence::TimedOut => Stop::retry("Commerce did not answer in time").with_status(504),
        Silence::Unreachable => Stop::retry("Commerce cannot be reached"),
        Silence::Broken => Stop::retry("the connection to Commerce broke").with_status(502),
    };
    stop.because(error.without_url())
}
