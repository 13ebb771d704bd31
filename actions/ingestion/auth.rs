use sdk::Inputs;
use sdk::web::{Request, Verdict};

/// Decides who may send events. As shipped it accepts everybody, as the original kit does.
///
/// Replace the body to ask for more, and answer `Verdict::Refuse(message)` to whoever may not: the request has method, headers and raw body; secrets come as inputs of the
/// action (`inputs.text("MY_SECRET")`, declared in `actions.config.yaml`). Compare secrets in constant time.
pub async fn check_authentication(_request: &Request, _inputs: &Inputs) -> Verdict {
    Verdict::Accept
}
