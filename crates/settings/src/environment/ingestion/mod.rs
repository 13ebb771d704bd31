//! Who may send events to the ingestion webhook.

mod origin;
#[cfg(test)]
mod tests;
mod token;

use std::time::Duration;

use http::HeaderName;
use schemes::api_key::{self, ApiKey};
use schemes::basic::Basic;
use schemes::network::Network;
use schemes::signature::{Rule, Template};
use schemes::standard_webhooks::VerifyingKeys;
use schemes::{Encoding, MacKeys, Scheme, Secrets, client_certificate, jwt};
use secrecy::SecretString;

use crate::environment::commerce::is_set;
use crate::environment::reader::{Reader, Setting, one_or_more};
use crate::environment::{DAY, Mode};
use crate::{Faults, Variables, suggestion};

pub(super) const AUTH: &str = "KIT_INGESTION_AUTH";
const WINDOW: &str = "KIT_INGESTION_WINDOW";
const API_KEY: &str = "KIT_INGESTION_API_KEY_SECRET";
const API_KEY_HEADER: &str = "KIT_INGESTION_API_KEY_HEADER";
const BASIC_USER: &str = "KIT_INGESTION_BASIC_USER";
const BASIC_PASSWORD: &str = "KIT_INGESTION_BASIC_PASSWORD";
const HMAC: &str = "KIT_INGESTION_HMAC_SECRET";
const HMAC_HEADER: &str = "KIT_INGESTION_HMAC_HEADER";
const HMAC_ENCODING: &str = "KIT_INGESTION_HMAC_ENCODING";
const HMAC_PREFIX: &str = "KIT_INGESTION_HMAC_PREFIX";
const HMAC_TIMESTAMP_HEADER: &str = "KIT_INGESTION_HMAC_TIMESTAMP_HEADER";
const HMAC_TEMPLATE: &str = "KIT_INGESTION_HMAC_TEMPLATE";
const STANDARD_WEBHOOKS: &str = "KIT_INGESTION_STANDARD_WEBHOOKS_SECRET";
const PORT: &str = "KIT_INGESTION_PORT_SECRET";
const SHOPIFY: &str = "KIT_INGESTION_SHOPIFY_SECRET";
const STRIPE: &str = "KIT_INGESTION_STRIPE_SECRET";
const GITHUB: &str = "KIT_INGESTION_GITHUB_SECRET";

const SCHEMES: [&str; 11] = [
    "api-key",
    "basic",
    "hmac",
    "standard-webhooks",
    "port",
    "shopify",
    "stripe",
    "github",
    "jwt",
    "ims",
    "client-certificate",
];

const IMS: &str = "ims";

const SIGNATURE_HEADER_DEFAULT: HeaderName = HeaderName::from_static("x-signature");

/// Secrets that are good at the same time: a new one, and those that it replaces.
const SECRETS_MAX: usize = 4;

/// Who may send events.
#[derive(Debug, Clone, Default)]
pub struct Ingestion {
    /// Tried in this order; none: everybody may.
    pub schemes: Vec<IngestionScheme>,
    /// How far a request's time may be from ours, in either direction.
    pub window: Duration,
    /// From where anybody may send at all; none: from everywhere.
    pub networks: Vec<Network>,
    /// Whose word on addresses and certificates is believed.
    pub proxies: Vec<Network>,
}

/// One scheme, by what it takes to decide.
#[derive(Debug, Clone)]
pub enum IngestionScheme {
    /// The request alone.
    Request(Scheme),
    /// The request, and the issuer's keys, which are downloaded.
    Token { rule: jwt::Rule, keys_url: String },
    /// Whoever vouches for the callers of web actions: IMS, or our own events service.
    Ims,
    /// The request, and that it comes from a trusted proxy.
    ClientCertificate(client_certificate::Rule),
}

impl IngestionScheme {
    /// As settings name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request(scheme) => scheme.name(),
            Self::Token { .. } => jwt::SCHEME,
            Self::Ims => IMS,
            Self::ClientCertificate(_) => client_certificate::SCHEME,
        }
    }
}

impl Ingestion {
    /// The schemes as settings name them.
    pub fn names(&self) -> Vec<&'static str> {
        self.schemes.iter().map(IngestionScheme::name).collect()
    }

    /// What one scheme would decide by, for a look at a stored request: everything else is left out. `secret` stands for
    /// the variable that usually has it.
    pub fn of_scheme(variables: &Variables, name: &str, secret: Option<&str>) -> Result<Self, Faults> {
        let mut variables = variables.clone();
        variables.set(AUTH, name);
        if let (Some(variable), Some(secret)) = (secret_variable(name), secret) {
            variables.set(variable, secret);
        }
        let mut reader = Reader { variables: &variables, faults: Vec::new() };
        let ingestion = read(&mut reader, Mode::Serve);
        Faults::none_or(reader.faults, ingestion)
    }
}

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Ingestion {
    let window = reader.duration(WINDOW, "5m", Duration::from_secs(1)..=DAY, "`1s` to `1d`");
    let (networks, proxies) = (origin::networks(reader), origin::proxies(reader));
    Ingestion { schemes: schemes(reader, mode), window, networks, proxies }
}

/// Whether it was said that everybody may send.
pub(super) fn is_open(reader: &Reader<'_>) -> bool {
    reader.get(AUTH).is_some_and(|said| said.trim() == "none")
}

/// Where a scheme's secret is said.
fn secret_variable(scheme: &str) -> Option<&'static str> {
    Some(match scheme {
        "api-key" => API_KEY,
        "basic" => BASIC_PASSWORD,
        "hmac" => HMAC,
        "standard-webhooks" => STANDARD_WEBHOOKS,
        "port" => PORT,
        "shopify" => SHOPIFY,
        "stripe" => STRIPE,
        "github" => GITHUB,
        "jwt" => token::PUBLIC_KEY,
        "client-certificate" => origin::ALLOWED,
        _ => return None,
    })
}

fn schemes(reader: &mut Reader<'_>, mode: Mode) -> Vec<IngestionScheme> {
    let Some(said) = reader.get(AUTH).map(str::to_owned) else {
        if mode == Mode::Serve {
            let list = SCHEMES.map(|name| format!("`{name}`")).join(", ");
            let hint = format!("name one or more of {list}, with commas between, or say `none` to accept everyone");
            reader.fault(AUTH, "expected a word on who may send events, it is not set", hint);
        }
        return Vec::new();
    };
    if is_open(reader) {
        return Vec::new();
    }
    let names: Vec<&str> = said.split(',').map(str::trim).collect();
    let mut schemes = Vec::new();
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            reader.fault(
                AUTH,
                "expected each scheme once",
                "a scheme with two secrets takes both: `[\"new\",\"old\"]`",
            );
            continue;
        }
        schemes.extend(scheme(reader, name));
    }
    schemes
}

fn scheme(reader: &mut Reader<'_>, name: &str) -> Option<IngestionScheme> {
    let scheme = match name {
        "jwt" => return token::jwt(reader),
        "ims" => return Some(IngestionScheme::Ims),
        "client-certificate" => return origin::client_certificate(reader),
        "api-key" => api_key(reader),
        "basic" => basic(reader),
        "hmac" => hmac(reader),
        "standard-webhooks" => standard_webhooks(reader),
        "port" => preset(reader, PORT, Rule::port()),
        "shopify" => preset(reader, SHOPIFY, Rule::shopify()),
        "github" => preset(reader, GITHUB, Rule::github()),
        "stripe" => secrets(reader, "stripe", STRIPE).map(|secrets| Scheme::Stripe(MacKeys::of_texts(&secrets))),
        "none" => {
            let hint = "leave the other schemes out to take events from everybody, or leave `none` out";
            reader.fault(AUTH, "expected `none` alone", hint);
            None
        }
        _ => {
            let list = SCHEMES.map(|name| format!("`{name}`")).join(", ");
            let hint = suggestion::nearest(name, &SCHEMES).map(|near| format!("did you mean `{near}`?"));
            let hint = hint.unwrap_or_else(|| "write them with commas between, such as `port,api-key`".to_owned());
            reader.fault(AUTH, format!("expected `none`, or schemes out of {list}"), hint);
            None
        }
    };
    scheme.map(IngestionScheme::Request)
}

fn api_key(reader: &mut Reader<'_>) -> Option<Scheme> {
    let (header, secrets) =
        (header(reader, API_KEY_HEADER, api_key::HEADER_DEFAULT), secrets(reader, "api-key", API_KEY));
    Some(Scheme::ApiKey(ApiKey { header: header?, keys: Secrets::new(&secrets?) }))
}

fn basic(reader: &mut Reader<'_>) -> Option<Scheme> {
    demand(reader, "basic", BASIC_USER);
    let setting = Setting {
        name: BASIC_USER,
        expected: "expected a name without a colon and control characters",
        hint: "basic authentication ends the name at the first colon",
    };
    let is_name = |text: &str| !text.contains(|letter: char| letter == ':' || letter.is_control());
    let user = reader.parse(setting, |text| is_name(text).then(|| text.to_owned()));
    let passwords = secrets(reader, "basic", BASIC_PASSWORD);
    Some(Scheme::Basic(Basic::new(&user?, &passwords?)))
}

fn hmac(reader: &mut Reader<'_>) -> Option<Scheme> {
    let secrets = secrets(reader, "hmac", HMAC);
    let header_name = header(reader, HMAC_HEADER, SIGNATURE_HEADER_DEFAULT);
    let has_time = is_set(reader, HMAC_TIMESTAMP_HEADER);
    let timestamp = has_time.then(|| header(reader, HMAC_TIMESTAMP_HEADER, SIGNATURE_HEADER_DEFAULT));
    let setting = Setting {
        name: HMAC_ENCODING,
        expected: "expected `hex`, `base64` or `base64url`",
        hint: "leave it out for `hex`",
    };
    let encoding = reader.parse(setting, |text| match text {
        "hex" => Some(Encoding::Hex),
        "base64" => Some(Encoding::Base64),
        "base64url" => Some(Encoding::Base64Url),
        _ => None,
    });
    let default = if has_time { "{timestamp}.{body}" } else { "{body}" };
    let template = template(reader, default);
    let template = template?;
    if has_time != template.has_timestamp() {
        reader.fault(
            HMAC_TEMPLATE,
            "expected `{timestamp}` in it exactly when there is a `KIT_INGESTION_HMAC_TIMESTAMP_HEADER`",
            "a time that is not signed proves nothing; without the header there is no time to sign",
        );
        return None;
    }
    let rule = Rule {
        scheme: "hmac",
        header: header_name?,
        prefix: reader.get(HMAC_PREFIX).unwrap_or_default().to_owned(),
        encoding: encoding.unwrap_or(Encoding::Hex),
        timestamp: if has_time { Some(timestamp??) } else { None },
        template,
    };
    Some(Scheme::Signature { rule, keys: MacKeys::of_texts(&secrets?) })
}

fn template(reader: &mut Reader<'_>, default: &str) -> Option<Template> {
    let said = if is_set(reader, HMAC_TEMPLATE) { reader.get(HMAC_TEMPLATE).unwrap_or(default) } else { default };
    match Template::parse(said) {
        Ok(template) => Some(template),
        Err(fault) => {
            let expected = format!("expected what is signed, such as `{{timestamp}}.{{body}}`: {fault}");
            reader.fault(
                HMAC_TEMPLATE,
                expected,
                "leave it out for the body alone, with the time in front where there is one",
            );
            None
        }
    }
}

fn standard_webhooks(reader: &mut Reader<'_>) -> Option<Scheme> {
    let secrets = secrets(reader, "standard-webhooks", STANDARD_WEBHOOKS)?;
    match VerifyingKeys::parse(&secrets) {
        Ok(keys) => Some(Scheme::StandardWebhooks(keys)),
        Err(fault) => {
            reader.fault(
                STANDARD_WEBHOOKS,
                fault.to_string(),
                "copy it whole, prefix included, from where the webhook was set up",
            );
            None
        }
    }
}

fn preset(reader: &mut Reader<'_>, name: &'static str, rule: Rule) -> Option<Scheme> {
    let secrets = secrets(reader, rule.scheme, name)?;
    Some(Scheme::Signature { rule, keys: MacKeys::of_texts(&secrets) })
}

/// The name of a header, or the default.
fn header(reader: &mut Reader<'_>, name: &'static str, default: HeaderName) -> Option<HeaderName> {
    if !is_set(reader, name) {
        return Some(default);
    }
    let setting = Setting {
        name,
        expected: "expected the name of a header",
        hint: "letters, digits and `-`, such as `x-signature`",
    };
    reader.parse(setting, |text| HeaderName::try_from(text).ok())
}

/// One secret or more, which a scheme cannot do without.
fn secrets(reader: &mut Reader<'_>, scheme: &str, name: &'static str) -> Option<Vec<SecretString>> {
    demand(reader, scheme, name)?;
    let setting = Setting {
        name,
        expected: "expected a secret, or a JSON array of at most 4 of them, none of them empty",
        hint: r#"`["the new one","the old one"]` takes both while the sender changes over"#,
    };
    reader.parse(setting, |text| one_or_more(text, SECRETS_MAX))
}

fn demand(reader: &mut Reader<'_>, scheme: &str, name: &'static str) -> Option<()> {
    if is_set(reader, name) {
        return Some(());
    }
    let problem = format!("expected a value for the scheme `{scheme}`, it is not set");
    reader.fault(name, problem, format!("set it, or take `{scheme}` out of `KIT_INGESTION_AUTH`"));
    None
}
