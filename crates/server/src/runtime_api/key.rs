//! Who may use the runtime API.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};
use schemes::Message;
use schemes::basic::Basic;

use crate::answer;

/// The namespace of this kit, and the key that its users bring by HTTP Basic.
#[derive(Clone, Debug)]
pub struct RuntimeKey(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    namespace: String,
    basic: Basic,
}

impl RuntimeKey {
    pub fn new(namespace: &str, basic: Basic) -> Self {
        Self(Arc::new(Parts { namespace: namespace.to_owned(), basic }))
    }

    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Lets nobody without the key reach these routes.
    pub fn guard(&self, router: Router) -> Router {
        let key = self.clone();
        router.route_layer(from_fn(move |request: Request, next: Next| {
            let is_admitted = key.admits(request.headers());
            async move { if is_admitted { next.run(request).await } else { refusal() } }
        }))
    }

    /// Whether these headers bring the key; compared in constant time.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        self.0.basic.verify(&Message { headers, query: None, body: &[] }).is_ok()
    }
}

fn refusal() -> Response {
    let told = answer::coded_error(StatusCode::UNAUTHORIZED, "The supplied authentication is invalid");
    ([(WWW_AUTHENTICATE, "Basic")], told).into_response()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use secrecy::SecretString;

    use super::*;

    #[track_caller]
    fn check(values: &[&'static str], is_admitted: bool) {
        let key = RuntimeKey::new("shop", Basic::new("user", &[SecretString::from("5ecret")]));
        let headers = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
        assert_eq!(key.admits(&headers.collect()), is_admitted, "{values:?}");
        assert!(!format!("{key:?}").contains("5ecret"));
    }

    #[test]
    fn the_key_is_user_and_password() {
        // user:5ecret
        check(&["Basic dXNlcjo1ZWNyZXQ="], true);
        check(&["basic dXNlcjo1ZWNyZXQ="], true);
        // user, user:, :5ecret, other:5ecret, user:5ecret-
        let wrong = ["dXNlcg==", "dXNlcjo=", "OjVlY3JldA==", "b3RoZXI6NWVjcmV0", "dXNlcjo1ZWNyZXQt"];
        for wrong in wrong.map(|pair| &*format!("Basic {pair}").leak()) {
            check(&[wrong], false);
        }
        check(&[], false);
        for strange in ["Basic", "Basic ", "Basic !", "Bearer dXNlcjo1ZWNyZXQ=", "dXNlcjo1ZWNyZXQ="] {
            check(&[strange], false);
        }
        check(&["Basic dXNlcjo1ZWNyZXQ=", "Basic dXNlcjo1ZWNyZXQ="], false);
    }
}
