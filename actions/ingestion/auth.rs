use sdk::Inputs;
use sdk::web::Request;

/// What the check decides about a request.
#[derive(Debug)]
pub enum Verdict {
    Accept,
    /// Answered with 401 and this message; say no more than a stranger may know.
    #[expect(dead_code, reason = "the check as shipped refuses nobody")]
    Refuse(String),
}

/// Decides who may send events. As shipped it accepts everybody, as the original kit does.
///
/// Replace the body to ask for more: the request has method, headers and raw body; secrets come as inputs of the
/// action (`inputs.text("MY_SECRET")`, declared in `actions.config.yaml`). Compare secrets in constant time.
pub async fn check_authentication(_request: &Request, _inputs: &Inputs) -> Verdict {
    Verdict::Accept
}
