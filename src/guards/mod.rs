//! What stands in front of web actions, as the annotations in the manifest demand it.

mod adobe_auth;
mod headers;

use std::sync::Arc;

use adobe::{Clock, Pool, TokenCheck, TokenCheckSettings};
use anyhow::Context;
use engine::Guard;
use events_api::Service;
use serde_json::Value;
use settings::{Action, Mode, Web};

use self::adobe_auth::AdobeAuth;
pub use self::adobe_auth::Authority;

/// The annotation by which a web action says that Adobe vouches for its callers.
const ADOBE_AUTH: &str = "require-adobe-auth";

/// The guards that there are; each action gets those that it demands.
#[derive(Clone, Debug)]
pub struct Guards {
    mode: Mode,
    /// None when nobody vouches for anybody: an events service without actions has no need of it.
    adobe_auth: Option<Arc<dyn Guard>>,
    authority: Option<Authority>,
}

impl Guards {
    /// `service` is our own events service, if there is one in this process.
    ///
    /// # Errors
    /// The address of IMS is none.
    pub fn new(
        settings: &settings::AdobeAuth,
        mode: Mode,
        service: Option<&Service>,
        pool: &Pool,
    ) -> anyhow::Result<Self> {
        let guard = match (settings, service) {
            (settings::AdobeAuth::Own, Some(service)) => {
                let org_id = service.identity().ims_org_id.clone();
                Some(AdobeAuth { org_id, authority: Authority::Own(service.clone()) })
            }
            (settings::AdobeAuth::Own, None) => None,
            (settings::AdobeAuth::Ims { ims_url, org_id }, _) => {
                let asked = TokenCheckSettings { ims_url: ims_url.clone(), org_id: org_id.clone() };
                let check = TokenCheck::new(pool.clone(), asked, Clock::system());
                let check = check.context("the check of Adobe's tokens cannot be set up")?;
                Some(AdobeAuth { org_id: org_id.clone(), authority: Authority::Ims(check) })
            }
        };
        let authority = guard.as_ref().map(|guard| guard.authority.clone());
        Ok(Self { mode, authority, adobe_auth: guard.map(|guard| Arc::new(guard) as Arc<dyn Guard>) })
    }

    /// Who vouches for tokens, if anybody does.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// What stands in front of this action.
    ///
    /// # Errors
    /// The action demands what nobody can give.
    pub fn of(&self, action: &Action) -> anyhow::Result<Vec<Arc<dyn Guard>>> {
        if !demands_adobe_auth(action, self.mode) {
            return Ok(Vec::new());
        }
        let guard = self.adobe_auth.clone();
        let guard = guard.with_context(|| format!("nobody vouches for the callers of `{}`", action.full_name()))?;
        Ok(vec![guard])
    }
}

/// `dev` answers on loopback only, so its callers are on this machine.
pub fn demands_adobe_auth(action: &Action, mode: Mode) -> bool {
    mode == Mode::Serve && is_guarded(action)
}

/// Whether a web action says that Adobe vouches for its callers.
pub fn is_guarded(action: &Action) -> bool {
    action.web != Web::No && is_demanded(action, ADOBE_AUTH)
}

/// Whether an annotation is there and says yes.
fn is_demanded(action: &Action, annotation: &str) -> bool {
    match action.annotation(annotation) {
        None => false,
        Some(Value::String(text)) => text != "false" && text != "no",
        Some(other) => *other != Value::Bool(false),
    }
}
