//! Names that say that a secret follows.

/// What names of secret members and variables end with, without case, `-`, `_` and blanks.
const ENDINGS: [&str; 19] = [
    // Of `AIO_runtime_auth`: user and password in one.
    "runtimeauth",
    "password",
    "passwordhash",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "apikey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "authorization",
    "cardnumber",
    "creditcard",
    "ccnumber",
    "cccid",
    "cvv",
    "cvc",
];

/// Names that are secret as a whole; as endings they would be found in too many others.
const WHOLE: [&str; 3] = ["cookie", "setcookie", "pwd"];

/// Parts of names of headers with credentials or signatures.
const HEADER_PARTS: [&str; 9] =
    ["authorization", "cookie", "apikey", "token", "secret", "password", "signature", "hmac", "certificate"];

/// Query parameters beside those that would be secret members. `code` is a key of functions at Azure, `sig` of storage.
const PARAMETERS: [&str; 5] = ["key", "sig", "signature", "auth", "code"];

/// The variable with the headers of the collector: a list of names and values.
const HEADERS_VARIABLE: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// A longer name says nothing.
const NAME_BYTES_MAX: usize = 256;

/// What every name above contains, as it may be written in JSON: a text with none of them has no secret member.
pub(crate) const STEMS: [&str; 22] = [
    "runtime",
    "pass",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "api key",
    "private",
    "encryption",
    "signing",
    "authorization",
    "card",
    "cc_num",
    "ccnum",
    "cc-num",
    "cc_cid",
    "cccid",
    "cvv",
    "cvc",
    "cookie",
];

/// Whether the value of a JSON member of this name is told to nobody.
pub fn is_secret_member(name: &str) -> bool {
    let name = plain(name);
    WHOLE.contains(&&*name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a header has credentials, or a signature that could be sent again.
pub fn is_secret_header(name: &str) -> bool {
    let name = plain(name);
    HEADER_PARTS.iter().any(|part| name.contains(part))
}

/// Whether a query parameter has a secret.
pub fn is_secret_parameter(name: &str) -> bool {
    PARAMETERS.contains(&&*plain(name)) || is_secret_member(name)
}

/// Whether a variable of the environment, or an input of an action, has a secret.
pub fn is_secret_variable(name: &str) -> bool {
    name == HEADERS_VARIABLE || is_secret_member(name)
}

fn plain(name: &str) -> String {
    let name = &name[..name.floor_char_boundary(NAME_BYTES_MAX)];
    name.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(is_secret: fn(&str) -> bool, secret: &[&str], told: &[&str]) {
        for name in secret {
            assert!(is_secret(name), "`{name}` is secret");
        }
        for name in told {
            assert!(!is_secret(name), "`{name}` is told");
        }
    }

    #[test]
    fn members_are_known_in_every_spelling() {
        let secret = [
            "password",
            "newPassword",
            "client_secret",
            "Client-Secret",
            "accessToken",
            "api_key",
            "apiKey",
            "API-KEY",
            "private_key",
            "Authorization",
            "cc_number",
            "creditCard",
            "card-number",
            "cvv",
            "set-cookie",
            "rp_token",
        ];
        let told = [
            "key_id",
            "kid",
            "token_type",
            "token_expires",
            "sku",
            "tokens",
            "public_key",
            "length",
            "secretary",
            "cc_last4",
            "author",
            "passed",
            "signature_length",
        ];
        check(is_secret_member, &secret, &told);
    }

    #[test]
    fn headers_with_credentials_or_signatures_are_known() {
        let secret = [
            "authorization",
            "Proxy-Authorization",
            "cookie",
            "set-cookie",
            "x-api-key",
            "x-gw-ims-user-token",
            "x-adobe-signature",
            "x-adobe-digital-signature-1",
            "webhook-signature",
            "stripe-signature",
            "x-shopify-hmac-sha256",
            "x-hub-signature-256",
            "x-client-certificate",
            "x-port-signature",
        ];
        let told = [
            "x-adobe-public-key1-path",
            "x-gw-ims-org-id",
            "webhook-id",
            "webhook-timestamp",
            "content-type",
            "x-request-id",
            "x-adobe-event-id",
        ];
        check(is_secret_header, &secret, &told);
    }

    #[test]
    fn parameters_and_variables_are_known() {
        check(
            is_secret_parameter,
            &["key", "Token", "access_token", "sig", "api-key"],
            &["sku", "challenge", "keyword"],
        );
        let secret = ["KIT_INGESTION_HMAC_SECRET", "OAUTH_CLIENT_SECRETS", "ERP_TOKEN", "KIT_BACKOFFICE_API_KEY"];
        check(
            is_secret_variable,
            &secret,
            &["KIT_INGESTION_JWT_PUBLIC_KEY", "KIT_INGESTION_API_KEY_HEADER", "KIT_DATA"],
        );
        check(is_secret_variable, &["OTEL_EXPORTER_OTLP_HEADERS"], &["OTEL_SERVICE_NAME"]);
    }

    #[test]
    fn every_name_has_a_stem() {
        let names = ENDINGS.iter().chain(&WHOLE);
        for name in names {
            assert!(STEMS.iter().any(|stem| name.contains(&plain(stem))), "`{name}` has no stem");
        }
    }
}
