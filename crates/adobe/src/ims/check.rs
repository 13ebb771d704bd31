//! Asks IMS whether an access token that somebody brought along counts, and for which organisation (contract, section 1.5).

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use super::ask::{Answer, ask};
use super::claims::Claims;
use super::error::{TokenError, word};
use crate::clock::{Clock, after};
use crate::flight::{Failure, Flight, Kept};
use crate::pool::Pool;
use crate::settings::{SettingsError, http_url};

/// How long IMS's word for a token counts; a token that it takes back counts no longer than this.
const VOUCHED_FOR: Duration = Duration::from_mins(5);

/// How long its word against one counts.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// Verdicts that are remembered.
const VERDICTS_MAX: usize = 1_024;

/// Requests that wait for a verdict at the same time.
const WAITING_MAX: usize = 1_024;

/// Tokens that IMS is asked about at the same time.
const ASKED_AT_ONCE: usize = 16;

/// One call to IMS; a token costs two.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer nobody waits for a verdict, whatever IMS and the line before it do.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

const FORM: &str = "application/x-www-form-urlencoded";

/// What a caller is asked to wait when IMS itself names no pause.
const PAUSE: Duration = Duration::from_secs(5);

/// When IMS asks for a pause no token is brought before it meanwhile, but no longer than this.
const PAUSE_LONGEST: Duration = Duration::from_mins(1);

/// Whom a token has to be of, and who is asked.
#[derive(Clone, Debug)]
pub struct TokenCheckSettings {
    /// Usually `https://ims-na1.adobelogin.com/ims/`.
    pub ims_url: String,
    /// `<24 hex digits>@AdobeOrg`.
    pub org_id: String,
}

/// Why a token does not count. The texts hold nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenDoubt {
    #[error("{0}")]
    Refused(String),
    /// IMS cannot be asked, or its answer cannot be read.
    #[error("{reason}")]
    Unknown { reason: String, retry_after: Duration },
}

/// Checks tokens. One request to IMS for all who bring the same token; its verdict is remembered under the token's hash.
#[derive(Clone)]
pub struct TokenCheck(Arc<Inner>);

struct Inner {
    pool: Pool,
    clock: Clock,
    org_id: String,
    validate: Url,
    organizations: Url,
    verdicts: Mutex<HashMap<Key, Arc<Flight<Verdict, TokenError>>>>,
    waiting: Semaphore,
    asking: Semaphore,
    paused: Mutex<Option<Paused>>,
    /// The last question was answered with nothing that says anything about its token.
    is_silent: AtomicBool,
}

/// IMS asked for a pause.
struct Paused {
    error: TokenError,
    /// A clock that was set back ends the pause, too.
    since: Timestamp,
    until: Timestamp,
}

/// SHA-256 of the token.
type Key = [u8; 32];

/// A token as it goes to IMS.
struct Asked {
    token: String,
    /// Marked as sensitive.
    bearer: HeaderValue,
    claims: Claims,
}

#[derive(Clone, Debug)]
enum Verdict {
    Counts,
    Refused(String),
}

impl TokenCheck {
    /// # Errors
    /// The address of IMS is none.
    pub fn new(pool: Pool, settings: TokenCheckSettings, clock: Clock) -> Result<Self, SettingsError> {
        let TokenCheckSettings { ims_url, org_id } = settings;
        let url = |path: &str| http_url(&format!("{ims_url}{path}"), "address of IMS");
        Ok(Self(Arc::new(Inner {
            pool,
            clock,
            org_id,
            validate: url("validate_token/v1")?,
            organizations: url("organizations/v6")?,
            verdicts: Mutex::default(),
            waiting: Semaphore::new(WAITING_MAX),
            asking: Semaphore::new(ASKED_AT_ONCE),
            paused: Mutex::default(),
            is_silent: AtomicBool::new(false),
        })))
    }

    /// Whether IMS vouches for the token and says that it is of our organisation.
    ///
    /// # Errors
    /// Why it does not count, or that nobody can tell now.
    pub async fn check(&self, token: &str) -> Result<(), TokenDoubt> {
        let inner = &self.0;
        let claims = Claims::read(token).map_err(|reason| TokenDoubt::Refused(reason.to_owned()))?;
        let now = inner.clock.now();
        if claims.expires <= now {
            let seconds = now.duration_since(claims.expires).as_secs();
            return Err(TokenDoubt::Refused(format!("the token ended {seconds} s ago")));
        }
        let unknown = |reason: &str| TokenDoubt::Unknown { reason: reason.to_owned(), retry_after: PAUSE };
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| TokenDoubt::Refused("the token has characters that no header carries".to_owned()))?;
        bearer.set_sensitive(true);
        let asked = Asked { token: token.to_owned(), bearer, claims };
        let _waits = inner.waiting.try_acquire().map_err(|_| unknown("too many tokens are being checked"))?;
        let work = || Arc::clone(inner).run(asked);
        let verdict = tokio::time::timeout(CHECK_TIMEOUT, inner.flight(token).get(work)).await;
        match verdict.map_err(|_| unknown("IMS did not answer in time"))? {
            Ok(Verdict::Counts) => Ok(()),
            Ok(Verdict::Refused(reason)) => Err(TokenDoubt::Refused(reason)),
            Err(error) => Err(TokenDoubt::Unknown { reason: error.to_string(), retry_after: pause(&error) }),
        }
    }
}

fn pause(error: &TokenError) -> Duration {
    error.retry_after().unwrap_or(PAUSE)
}

impl Inner {
    /// The one piece of work for this token.
    fn flight(&self, token: &str) -> Arc<Flight<Verdict, TokenError>> {
        let mut key = Key::default();
        key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = verdicts.get(&key) {
            return Arc::clone(known);
        }
        if verdicts.len() >= VERDICTS_MAX {
            make_room(&mut verdicts);
        }
        Arc::clone(verdicts.entry(key).or_insert_with(|| Flight::new(self.clock.clone())))
    }

    async fn run(self: Arc<Self>, asked: Asked) -> Result<Kept<Verdict>, TokenError> {
        let value = {
            // It is never closed, and without a place the question would be asked all the same.
            let _place = self.asking.acquire().await;
            match self.paused() {
                Some(error) => return Err(error),
                None => self.told(self.ask(&asked).await)?,
            }
        };
        let now = self.clock.now();
        let until = match value {
            Verdict::Counts => after(now, VOUCHED_FOR).min(asked.claims.expires),
            Verdict::Refused(_) => after(now, REFUSED_FOR),
        };
        Ok(Kept { value, renew_at: until, usable_until: until })
    }

    /// Why nothing is asked now.
    fn paused(&self) -> Option<TokenError> {
        let now = self.clock.now();
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.as_ref().filter(|paused| (paused.since..paused.until).contains(&now)).map(|paused| paused.error.clone())
    }

    /// Keeps the pause that IMS asks for, and logs when it begins to say nothing and when that ends.
    fn told(&self, outcome: Result<Verdict, TokenError>) -> Result<Verdict, TokenError> {
        let was_silent = self.is_silent.swap(outcome.is_err(), Ordering::Relaxed);
        match (&outcome, was_silent) {
            (Err(error), false) => warn!(%error, "IMS cannot be asked whether tokens count"),
            (Ok(_), true) => info!("IMS tells again whether tokens count"),
            (Err(_), true) | (Ok(_), false) => {}
        }
        outcome.map_err(|error| match error {
            TokenError::Unavailable { status, retry_after: Some(wish) } => {
                let (since, wish) = (self.clock.now(), wish.min(PAUSE_LONGEST));
                let error = TokenError::Unavailable { status, retry_after: Some(wish) };
                let paused = Paused { error: error.clone(), since, until: after(since, wish) };
                *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = Some(paused);
                error
            }
            error => error,
        })
    }

    async fn ask(&self, asked: &Asked) -> Result<Verdict, TokenError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("type", "access_token")
            .append_pair("client_id", &asked.claims.client_id)
            .append_pair("token", &asked.token)
            .finish();
        let request = self.pool.client().post(self.validate.clone()).header(CONTENT_TYPE, FORM).body(form);
        let answer = self.call(request, asked).await?;
        if let Some(refused) = refused(&answer, "IMS refuses to validate the token") {
            return Ok(refused);
        }
        let validity = answer.json()?;
        match validity["valid"].as_bool() {
            Some(true) => {}
            Some(false) => return Ok(Verdict::Refused(not_valid(&validity))),
            None => return Err(TokenError::Unreadable { status: answer.code.as_u16() }),
        }
        let answer = self.call(self.pool.client().get(self.organizations.clone()), asked).await?;
        let reason = "IMS does not tell the organisations of the token; it needs the scope `read_organizations`";
        if let Some(refused) = refused(&answer, reason) {
            return Ok(refused);
        }
        let organizations = answer.json()?;
        let organizations = organizations.as_array();
        let organizations = organizations.ok_or(TokenError::Unreadable { status: answer.code.as_u16() })?;
        if organizations.iter().any(|organization| is_called(organization, &self.org_id)) {
            return Ok(Verdict::Counts);
        }
        Ok(Verdict::Refused("the token is of another organisation".to_owned()))
    }

    /// Adobe's own library sends the token as bearer, also where the form has it.
    async fn call(&self, request: RequestBuilder, asked: &Asked) -> Result<Answer, TokenError> {
        let request = request.header(AUTHORIZATION, asked.bearer.clone()).timeout(CALL_TIMEOUT);
        ask(&self.pool, &self.clock, request.build().map_err(TokenError::no_answer)?).await
    }
}

/// A status that speaks against the token; any other but 200 speaks against the address of IMS.
fn refused(answer: &Answer, reason: &str) -> Option<Verdict> {
    match answer.code {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Some(Verdict::Refused(format!("{reason}, it answered {}", answer.code.as_u16())))
        }
        _ => None,
    }
}

fn not_valid(validity: &Value) -> String {
    let reason = validity["reason"].as_str().map(word).filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(", its reason is `{reason}`")).unwrap_or_default();
    format!("IMS says that the token is not valid{reason}")
}

/// `{"orgRef": {"ident": "<24 hex digits>", "authSrc": "AdobeOrg"}}`.
fn is_called(organization: &Value, org_id: &str) -> bool {
    let reference = &organization["orgRef"];
    match (reference["ident"].as_str(), reference["authSrc"].as_str()) {
        (Some(ident), Some(source)) => org_id.split_once('@') == Some((ident, source)),
        _ => false,
    }
}

/// First what counts no longer, then refusals: whoever brings many tokens of no worth must not cost others theirs.
fn make_room(verdicts: &mut HashMap<Key, Arc<Flight<Verdict, TokenError>>>) {
    verdicts.retain(|_, flight| flight.is_wanted());
    if verdicts.len() >= VERDICTS_MAX {
        verdicts.retain(|_, flight| flight.keeps(|verdict| matches!(verdict, Verdict::Counts)));
    }
    if verdicts.len() >= VERDICTS_MAX {
        verdicts.clear();
    }
}

impl fmt::Debug for TokenCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenCheck").field("validate", &self.0.validate.as_str()).finish_non_exhaustive()
    }
}
