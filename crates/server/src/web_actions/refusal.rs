use engine::NotStarted;
use http::header::{ALLOW, HeaderValue};
use http::{HeaderName, Method};
use sdk::ActivationId;
use sdk::web::Response;
use serde_json::json;

use super::parameters::ParameterFault;
use super::projection::Unprojectable;
use crate::BodyFault;

/// What requests to web actions may ask for.
pub(super) const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];

/// An answer that no action gave.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), header: None }
    }

    pub fn not_found() -> Self {
        Self::new(404, "The requested resource does not exist.")
    }

    pub fn too_large(bytes: usize, bytes_max: usize) -> Self {
        Self::new(413, format!("Request larger than allowed: {bytes} > {bytes_max} bytes."))
    }

    pub fn wrong_method(methods: &[Method]) -> Self {
        let allowed: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let allowed = allowed.join(", ");
        let allowed = HeaderValue::try_from(allowed).ok().map(|value| (ALLOW, value));
        Self { header: allowed, ..Self::new(405, "this method is not allowed here") }
    }

    pub fn not_ready() -> Self {
        Self::new(202, "Response not yet ready.")
    }

    /// The action is at fault, or the kit; its activation says how.
    pub fn failed() -> Self {
        Self::new(400, "There was an error processing your request.")
    }

    pub fn answer(self, id: ActivationId) -> Response {
        let answer = Response::json(self.status, &json!({"error": self.message, "code": id.to_string()}));
        match self.header {
            Some((name, value)) => answer.with_header(name, value),
            None => answer,
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        Self::new(fault.status().as_u16(), fault.to_string())
    }
}

impl From<ParameterFault> for Refusal {
    fn from(fault: ParameterFault) -> Self {
        Self::new(400, fault.to_string())
    }
}

impl From<NotStarted> for Refusal {
    fn from(reason: NotStarted) -> Self {
        let status = match reason {
            NotStarted::Unknown => 404,
            NotStarted::Busy { .. } => 429,
        };
        Self::new(status, reason.to_string())
    }
}

impl From<Unprojectable> for Refusal {
    fn from(fault: Unprojectable) -> Self {
        Self::new(fault.status().as_u16(), fault.to_string())
    }
}
