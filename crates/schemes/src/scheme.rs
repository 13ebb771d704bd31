use crate::api_key::ApiKey;
use crate::basic::Basic;
use crate::jwt::{self, KeySet};
use crate::signature::Rule;
use crate::standard_webhooks::VerifyingKeys;
use crate::{MacKeys, Message, Mismatch, Proven, Window, standard_webhooks, stripe};

/// One of the schemes that decide from a request alone, with its keys.
#[derive(Clone, Debug)]
pub enum Scheme {
    ApiKey(ApiKey),
    Basic(Basic),
    /// Any HMAC in a header; Port's, Shopify's and GitHub's are such rules.
    Signature {
        rule: Rule,
        keys: MacKeys,
    },
    StandardWebhooks(VerifyingKeys),
    Stripe(MacKeys),
    /// A token whose issuer's keys are at hand.
    Token {
        rule: jwt::Rule,
        keys: KeySet,
    },
}

impl Scheme {
    /// As settings name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "api-key",
            Self::Basic(_) => "basic",
            Self::Signature { rule, .. } => rule.scheme,
            Self::StandardWebhooks(_) => standard_webhooks::SCHEME,
            Self::Stripe(_) => stripe::SCHEME,
            Self::Token { .. } => jwt::SCHEME,
        }
    }

    /// Whether the request comes from somebody who has one of the keys.
    pub fn verify(&self, message: &Message<'_>, window: Window) -> Result<Proven, Mismatch> {
        match self {
            Self::ApiKey(api_key) => api_key.verify(message),
            Self::Basic(basic) => basic.verify(message),
            Self::Signature { rule, keys } => rule.verify(message, keys, window),
            Self::StandardWebhooks(keys) => standard_webhooks::verify(message, keys, window),
            Self::Stripe(keys) => stripe::verify(message, keys, window),
            Self::Token { rule, keys } => {
                let verified = rule.verify(jwt::bearer(message)?, keys, window.now);
                verified.map(|()| Proven::TIMELESS).map_err(Mismatch::Token)
            }
        }
    }
}
