use async_trait::async_trait;
use http::Method;
use sdk::Context;
use sdk::web::{Request, Response, WebAction};
use serde_json::{Value, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REGISTRATIONS: &str = include_str!("../../onboarding/config/starter-kit-registrations.json");

/// Says which version this is, and which entities are registered for which systems.
pub struct Info;

#[async_trait]
impl WebAction for Info {
    fn methods(&self) -> &'static [Method] {
        &[Method::GET, Method::POST]
    }

    async fn run(&self, _: &Context, _: Request) -> Response {
        match serde_json::from_str::<Value>(REGISTRATIONS) {
            Ok(registrations) => {
                let message = json!({"starter_kit_version": VERSION, "registrations": registrations});
                Response::json(200, &json!({"success": true, "message": message}))
            }
            Err(error) => {
                let error = format!("Server error: the registrations are not JSON: {error}");
                Response::json(500, &json!({"success": false, "error": error}))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    #[tokio::test]
    async fn the_version_is_the_real_one_and_every_entity_has_its_registrations() {
        let cx = testkit::context().build();
        for method in [Method::GET, Method::POST] {
            assert!(Info.methods().contains(&method));
            let request = Request { method, headers: HeaderMap::new(), query: None, body: Bytes::new(), peer: None };
            let answer = Info.run(&cx, request).await;
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((answer.status, &body["success"]), (200, &json!(true)));
            assert_eq!(body["message"]["starter_kit_version"], env!("CARGO_PKG_VERSION"));
            for entity in ["product", "customer", "order", "stock"] {
                assert_eq!(body["message"]["registrations"][entity], json!(["commerce", "backoffice"]), "{entity}");
            }
        }
    }
}
