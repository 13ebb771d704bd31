use sdk::Context;
use sdk::web::{Request, Verdict};

/// Decides who may send events. As shipped it asks the schemes that `KIT_INGESTION_AUTH` names, in their order.
///
/// Put in front of them, or in their place, whatever you want to ask for, and answer `Verdict::Refuse(message)` to whoever
/// may not send: the request has method, headers, query, raw body and the other end of the connection. Secrets come as
/// inputs of the action (`cx.inputs().text("MY_SECRET")`, declared in `actions.config.yaml`). Compare them in constant time.
pub async fn check_authentication(cx: &Context, request: &Request) -> Verdict {
    cx.senders().check(request).await
}
