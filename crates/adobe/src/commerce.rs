use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use sdk::{Call, Reply, Stop, TargetPort};
use serde_json::Value;

use crate::address::Base;
use crate::authorize::Authorize;
use crate::caller::Caller;
use crate::complaint;
use crate::governor::Governor;
use crate::pool::Pool;
use crate::reply::{is_success, parse};

const PLACE: &str = "Commerce";

/// Ends the host of every store in Adobe's cloud service.
const CLOUD_SERVICE: &str = ".api.commerce.adobe.com";

/// Names the store views that a call is for; elsewhere they are part of the address.
const STORE: HeaderName = HeaderName::from_static("store");

/// The REST API of one Adobe Commerce store.
#[derive(Debug)]
pub struct Commerce {
    caller: Caller,
    /// Ends with `V1/`.
    base: Base,
}

impl Commerce {
    /// `base_url` as in `COMMERCE_BASE_URL`: everything before `V1/`.
    pub fn new(pool: Pool, base_url: &str, authorize: Arc<dyn Authorize>, governor: Arc<Governor>) -> Self {
        let base_url = format!("{}/V1/", base_url.trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        if is_cloud_service(&base_url) {
            headers.insert(STORE, HeaderValue::from_static("all"));
        }
        Self { caller: Caller { pool, who: PLACE, headers, authorize, governor, judge }, base: Base::new(base_url) }
    }
}

#[async_trait]
impl TargetPort for Commerce {
    async fn call(&self, call: Call) -> Result<Reply, Stop> {
        let url = self.base.below(&call.path, PLACE)?;
        self.caller.call(url, call).await
    }
}

fn is_cloud_service(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| url.host_str().is_some_and(|host| host.ends_with(CLOUD_SERVICE)))
}

/// An answer of 2xx has to be JSON, or empty: anything else comes from something in between.
fn judge(status: u16, bytes: &[u8]) -> Reply {
    match parse(bytes) {
        Some(body) if is_success(status) => Reply::new(status, body),
        Some(body) => Reply { error: Some(complaint::render(status, &body)), ..Reply::new(status, body) },
        None if is_success(status) => {
            let error = format!("Commerce answered {status} with something that is not JSON");
            Reply { status: 502, error: Some(error), ..Reply::default() }
        }
        None => Reply { error: Some(complaint::render(status, &Value::Null)), ..Reply::new(status, Value::Null) },
    }
}

#[cfg(test)]
mod tests {
    use egress::{Allowance, Gate};

    use super::*;
    use crate::{Clock, Limits, NoCredentials};

    fn check(base_url: &str, store: Option<&str>) {
        let governor = Governor::new("commerce", Limits::default(), Clock::system());
        let commerce = Commerce::new(
            Pool::new(&Gate::new(Allowance::default())).unwrap(),
            base_url,
            Arc::new(NoCredentials),
            governor,
        );
        let found = commerce.caller.headers.get(STORE).map(|value| value.to_str().unwrap());
        assert_eq!(found, store, "{base_url}");
    }

    #[test]
    fn the_store_is_named_to_the_cloud_service_only() {
        check("https://na1.api.commerce.adobe.com/Tenant/", Some("all"));
        check("https://NA1-sandbox.API.commerce.adobe.com/t", Some("all"));
        check("https://shop.example/rest/all/", None);
        check("https://shop.example/na1.api.commerce.adobe.com/", None);
        check("https://api.commerce.adobe.com.example/t/", None);
    }
}
