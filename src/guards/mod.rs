//! What stands in front of web actions, as the annotations in the manifest demand it.

mod adobe_auth;
mod commerce_signature;
mod headers;
mod whisk_auth;

use std::sync::Arc;

use adobe::{CommerceSignature, Pool, TokenCheck, TokenCheckSettings};
use anyhow::Context;
use engine::{Clock, Guard};
use events_api::Service;
use schemes::Secrets;
use serde_json::Value;
use server::RuntimeKey;
use settings::{Action, Fault, Manifest, Mode, Web};

use self::adobe_auth::AdobeAuth;
pub use self::adobe_auth::Authority;
use self::commerce_signature::SignedByCommerce;
use self::whisk_auth::WhiskAuth;

/// The annotation by which a web action says that Adobe vouches for its callers.
const ADOBE_AUTH: &str = "require-adobe-auth";

/// The annotation by which a web action says that it wants nothing but what Commerce signed. A key says the same.
const COMMERCE_SIGNATURE: &str = "require-commerce-signature";

/// The annotation by which a web action asks for the key of the namespace.
const WHISK_AUTH: &str = "require-whisk-auth";

/// The input with the public key that Commerce shows for its signed webhooks.
const PUBLIC_KEY: &str = "COMMERCE_WEBHOOKS_PUBLIC_KEY";

const KEY_HINT: &str =
    "copy the public key from Commerce's settings of signed webhooks, with `\\n` for the ends of lines";

/// The guards that there are; each action gets those that it demands.
#[derive(Clone, Debug)]
pub struct Guards {
    mode: Mode,
    /// None when nobody vouches for anybody: an events service without actions has no need of it.
    adobe_auth: Option<Arc<dyn Guard>>,
    authority: Option<Authority>,
    key: Option<RuntimeKey>,
}

/// What callers are vouched for with.
pub struct Means<'a> {
    /// Our own events service, if there is one in this process.
    pub service: Option<&'a Service>,
    /// The key of the namespace.
    pub key: Option<RuntimeKey>,
    pub pool: &'a Pool,
    pub clock: Arc<dyn Clock>,
}

impl Guards {
    /// # Errors
    /// The address of IMS is none.
    pub fn new(settings: &settings::AdobeAuth, mode: Mode, means: Means<'_>) -> anyhow::Result<Self> {
        let Means { service, key, pool, clock } = means;
        let guard = match (settings, service) {
            (settings::AdobeAuth::Own, Some(service)) => {
                let org_id = service.identity().ims_org_id.clone();
                Some(AdobeAuth { org_id, authority: Authority::Own(service.clone()) })
            }
            (settings::AdobeAuth::Own, None) => None,
            (settings::AdobeAuth::Ims { ims_url, org_id }, _) => {
                let asked = TokenCheckSettings { ims_url: ims_url.clone(), org_id: org_id.clone() };
                let check = TokenCheck::new(pool.clone(), asked, adobe::Clock::new(move || clock.now()));
                let check = check.context("the check of Adobe's tokens cannot be set up")?;
                Some(AdobeAuth { org_id: org_id.clone(), authority: Authority::Ims(check) })
            }
        };
        let authority = guard.as_ref().map(|guard| guard.authority.clone());
        Ok(Self { mode, authority, key, adobe_auth: guard.map(|guard| Arc::new(guard) as Arc<dyn Guard>) })
    }

    /// Who vouches for tokens, if anybody does.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// What stands in front of this action. A signature is checked first, because that asks nobody.
    ///
    /// # Errors
    /// The action demands what nobody can give.
    pub fn of(&self, action: &Action) -> anyhow::Result<Vec<Arc<dyn Guard>>> {
        let mut guards: Vec<Arc<dyn Guard>> = Vec::new();
        if let Some(key) = public_key(action) {
            let signature = CommerceSignature::new(key);
            let signature =
                signature.with_context(|| format!("the input `{PUBLIC_KEY}` of `{}`", action.full_name()))?;
            guards.push(Arc::new(SignedByCommerce(signature)));
        }
        // Whoever asks for one of these wants it in every mode, as the key of Commerce.
        if let Some(secret) = shared_secret(action) {
            guards.push(Arc::new(WhiskAuth::Secret(Secrets::new(&[secret.into()]))));
        } else if demands_key(action) {
            let key = self.key.clone();
            let key = key.with_context(|| format!("nobody has a key for the callers of `{}`", action.full_name()))?;
            guards.push(Arc::new(WhiskAuth::Key(key)));
        }
        // `dev` answers on loopback only, so its callers are on this machine.
        if self.mode == Mode::Serve && demands_adobe_auth(action) {
            let guard = self.adobe_auth.clone();
            let guard = guard.with_context(|| format!("nobody vouches for the callers of `{}`", action.full_name()))?;
            guards.push(guard);
        }
        Ok(guards)
    }
}

/// Whether a web action says that Adobe vouches for its callers.
pub fn demands_adobe_auth(action: &Action) -> bool {
    action.web != Web::No && is_demanded(action, ADOBE_AUTH)
}

/// Whether something stands in front of a web action in production.
pub fn is_guarded(action: &Action) -> bool {
    demands_adobe_auth(action) || public_key(action).is_some() || demands_key(action) || shared_secret(action).is_some()
}

fn demands_key(action: &Action) -> bool {
    action.web != Web::No && action.annotation(WHISK_AUTH) == Some(&Value::Bool(true))
}

fn shared_secret(action: &Action) -> Option<&str> {
    action.shared_secret.as_deref().filter(|_| action.web != Web::No)
}

/// What is wrong with the keys by which signatures of Commerce are checked.
pub fn faults(manifest: &Manifest, mode: Mode) -> Vec<Fault> {
    let mut faults = Vec::new();
    for action in manifest.actions.iter().filter(|action| action.web != Web::No) {
        let fault = |problem: String, hint: &str| Fault {
            at: Some(action.at.clone()),
            key: format!("packages.{}.actions.{}.inputs.{PUBLIC_KEY}", action.package, action.name),
            problem,
            hint: hint.to_owned(),
        };
        match public_key(action).map(CommerceSignature::new) {
            Some(Err(error)) => faults.push(fault(error.to_string(), KEY_HINT)),
            None if mode == Mode::Serve && is_demanded(action, COMMERCE_SIGNATURE) => {
                let problem =
                    format!("expected a public key beside the annotation `{COMMERCE_SIGNATURE}`, it is not set");
                faults.push(fault(problem, KEY_HINT));
            }
            Some(Ok(_)) | None => {}
        }
    }
    faults
}

/// The key of the Commerce that signs what it sends to this action. Whoever gives one wants it checked, in every mode.
fn public_key(action: &Action) -> Option<&str> {
    let is_called = action.web != Web::No;
    let key = action.inputs.get(PUBLIC_KEY).filter(|_| is_called);
    key.and_then(Value::as_str).map(str::trim).filter(|key| !key.is_empty())
}

/// Whether an annotation is there and says yes.
fn is_demanded(action: &Action, annotation: &str) -> bool {
    match action.annotation(annotation) {
        None => false,
        Some(Value::String(text)) => text != "false" && text != "no",
        Some(other) => *other != Value::Bool(false),
    }
}
