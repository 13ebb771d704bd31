//! Says whether a token counts: in this process without HTTP, and elsewhere as Adobe's IMS says it.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get, routing::post};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::StoreError;

use crate::access::bearer;
use crate::jwt::Token;
use crate::problem::Problem;
use crate::token::{self, Form};
use crate::{Service, jwt};

/// What a token has to be allowed before it is told whose it is.
pub(crate) const READ_ORGANIZATIONS: &str = "read_organizations";

/// Why nobody vouches for a token.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// It does not count; the text says why, and holds nothing of the token.
    #[error("{0}")]
    Refused(String),
    #[error("the clients of the events service cannot be read")]
    Unknown(#[source] StoreError),
}

impl Service {
    /// Whether this service gave the token, to a client that is alive and may read the organisation: that of
    /// [`Service::identity`], because a service has one.
    ///
    /// # Errors
    /// Why the token does not count, or that nobody can tell now.
    pub async fn vouch(&self, token: &str) -> Result<(), Doubt> {
        let token = self.alive(token).await?;
        if token.reads_organizations {
            return Ok(());
        }
        Err(Doubt::Refused(format!("the token was not asked for with the scope `{READ_ORGANIZATIONS}`")))
    }

    async fn alive(&self, text: &str) -> Result<Token, Doubt> {
        let inner = &self.0;
        let now = inner.clock.now();
        let token = inner.access.known(text, now);
        let token = token.ok_or_else(|| Doubt::Refused("the token is none of this events service".to_owned()))?;
        if token.expires <= now {
            let seconds = now.duration_since(token.expires).as_secs();
            return Err(Doubt::Refused(format!("the token ended {seconds} s ago")));
        }
        let credentials = inner.access.recent(&*inner.store, now).await.map_err(Doubt::Unknown)?;
        match credentials.alive(&token.client_id, now) {
            Some(_) => Ok(token),
            None => Err(Doubt::Refused("the client of the token was revoked".to_owned())),
        }
    }
}

pub(crate) fn routes() -> Router<Service> {
    Router::new().route("/ims/validate_token/v1", post(validate)).route("/ims/organizations/v6", get(organizations))
}

/// `type=access_token`, `client_id` and `token`; Adobe's own library sends the token as bearer instead (contract,
/// section 1.5).
async fn validate(State(service): State<Service>, request: Request) -> Response {
    let headers = request.headers().clone();
    let form = match token::read(&service, request).await {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    let verdict = match token_of(&form, &headers) {
        Ok(text) => service.alive(text).await.and_then(|token| meant(&form, &token).map(|()| token)),
        Err(doubt) => Err(doubt),
    };
    match verdict {
        Ok(token) => answer(&json!({"valid": true, "token": shown(&token)})),
        Err(Doubt::Refused(reason)) => answer(&json!({"valid": false, "reason": reason})),
        Err(Doubt::Unknown(error)) => Problem::from(error).into_response(),
    }
}

fn token_of<'a>(form: &'a Form, headers: &'a HeaderMap) -> Result<&'a str, Doubt> {
    match form.get("token") {
        Some(token) => Ok(token),
        None => bearer(headers).map_err(|_| Doubt::Refused("the token is missing".to_owned())),
    }
}

/// Whether the token is of the kind and the client that were asked about.
fn meant(form: &Form, token: &Token) -> Result<(), Doubt> {
    if form.get("type").is_some_and(|kind| kind != jwt::ACCESS_TOKEN) {
        return Err(Doubt::Refused("the token is of another type".to_owned()));
    }
    if form.get("client_id").is_some_and(|client_id| *client_id != token.client_id) {
        return Err(Doubt::Refused("the token is of another client".to_owned()));
    }
    Ok(())
}

fn shown(token: &Token) -> Value {
    json!({"type": jwt::ACCESS_TOKEN, "client_id": token.client_id, "expires_at": milliseconds(token.expires)})
}

/// Adobe writes them as texts.
fn milliseconds(at: Timestamp) -> String {
    at.as_millisecond().to_string()
}

/// `[{"orgName", "orgRef": {"ident", "authSrc"}, "orgType"}]`: the one organisation that there is.
async fn organizations(State(service): State<Service>, headers: HeaderMap) -> Result<Response, Problem> {
    let refused = |reason: &str| Problem::new(StatusCode::UNAUTHORIZED, reason);
    let token = bearer(&headers).map_err(|_| refused("the token is missing"))?;
    let token = service.alive(token).await.map_err(|doubt| match doubt {
        Doubt::Refused(reason) => refused(&reason),
        Doubt::Unknown(error) => error.into(),
    })?;
    if !token.reads_organizations {
        let missing = format!("the scope `{READ_ORGANIZATIONS}` is missing");
        return Err(Problem::new(StatusCode::FORBIDDEN, missing));
    }
    let organization = &service.identity().ims_org_id;
    let (ident, source) = organization.split_once('@').unwrap_or((organization, "AdobeOrg"));
    Ok(answer(&json!([{"orgName": ident, "orgRef": {"ident": ident, "authSrc": source}, "orgType": "Enterprise"}])))
}

fn answer(body: &Value) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(body)).into_response()
}
