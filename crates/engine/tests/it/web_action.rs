//! The one web action of these tests: it does what its query says.

use async_trait::async_trait;
use http::Method;
use sdk::web::{Request, Response, WebAction};
use sdk::{ActivationId, Context};
use serde_json::json;
use uuid::Uuid;

use crate::text;

/// A run that is on record already, as a published event's is.
pub const RECORDED: ActivationId = ActivationId::new(Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057));

#[derive(Debug)]
pub struct Asked;

#[async_trait]
impl WebAction for Asked {
    fn methods(&self) -> &'static [Method] {
        &[Method::GET, Method::POST]
    }

    async fn run(&self, cx: &Context, request: Request) -> Response {
        match request.query.as_deref() {
            Some("panic") => panic!("this request panics"),
            Some("hang") => std::future::pending().await,
            Some("refuse") => Response::error(400, "refused"),
            Some("busy") => Response::error(503, "come again"),
            Some("recorded") => Response::json(200, &json!({"is": "recorded"})).recorded_as(RECORDED),
            Some("invoke") => {
                let event = testkit::event("product.changed", &text::product("A"));
                Response::json(200, &cx.invoke("product/changed", &event).await.result)
            }
            _ => Response::json(200, &json!({"activation": cx.activation().to_string()})),
        }
    }
}
