//! The variables that the kit knows by name.

use crate::environment::reader::Reader;
use crate::{Variables, suggestion};

const OWN_PREFIX: &str = "KIT_";

/// Every variable of this prefix, also those that other crates read.
const OWN_NAMES: &[&str] = &[
    "KIT_BIND",
    "KIT_DATA",
    "KIT_STORE",
    "KIT_ENCRYPTION_KEY",
    "KIT_ENCRYPTION_KEY_FILE",
    "KIT_SANDBOX_TOKEN",
    "KIT_EVENTS_API",
    "KIT_EVENTS_INGRESS_URL",
    "KIT_EVENTS_KEYS_URL",
    "KIT_INGEST_ACK",
    "KIT_INGESTION_AUTH",
    "KIT_INGESTION_WINDOW",
    "KIT_INGESTION_API_KEY_SECRET",
    "KIT_INGESTION_API_KEY_HEADER",
    "KIT_INGESTION_BASIC_USER",
    "KIT_INGESTION_BASIC_PASSWORD",
    "KIT_INGESTION_HMAC_SECRET",
    "KIT_INGESTION_HMAC_HEADER",
    "KIT_INGESTION_HMAC_ENCODING",
    "KIT_INGESTION_HMAC_PREFIX",
    "KIT_INGESTION_HMAC_TIMESTAMP_HEADER",
    "KIT_INGESTION_HMAC_TEMPLATE",
    "KIT_INGESTION_STANDARD_WEBHOOKS_SECRET",
    "KIT_INGESTION_PORT_SECRET",
    "KIT_INGESTION_SHOPIFY_SECRET",
    "KIT_INGESTION_STRIPE_SECRET",
    "KIT_INGESTION_GITHUB_SECRET",
    "KIT_INGESTION_JWT_ISSUER",
    "KIT_INGESTION_JWT_AUDIENCE",
    "KIT_INGESTION_JWT_JWKS_URL",
    "KIT_INGESTION_JWT_PUBLIC_KEY",
    "KIT_INGESTION_JWT_ALGORITHMS",
    "KIT_INGESTION_JWT_SKEW",
    "KIT_INGESTION_IPS",
    "KIT_TRUSTED_PROXIES",
    "KIT_INGESTION_CLIENT_CERTIFICATE_HEADER",
    "KIT_INGESTION_CLIENT_CERTIFICATE_ALLOWED",
    "KIT_PUBLIC_URL",
    "KIT_BACKOFFICE_URL",
    "KIT_BACKOFFICE_AUTH",
    "KIT_BACKOFFICE_API_KEY",
    "KIT_BACKOFFICE_API_KEY_HEADER",
    "KIT_BACKOFFICE_USER",
    "KIT_BACKOFFICE_PASSWORD",
    "KIT_BACKOFFICE_TOKEN_URL",
    "KIT_BACKOFFICE_CLIENT_ID",
    "KIT_BACKOFFICE_CLIENT_SECRET",
    "KIT_BACKOFFICE_SCOPES",
    "KIT_CONNECTIONS_MAX",
    "KIT_CONNECTIONS_PER_CLIENT",
    "KIT_REQUESTS_AT_ONCE",
    "KIT_REQUEST_TIMEOUT",
    "KIT_RATE_LIMIT",
    "KIT_HEADERS_MAX",
    "KIT_HEADER_BYTES_MAX",
    "KIT_HEADER_TIMEOUT",
    "KIT_BODY_BYTES_MAX",
    "KIT_BODY_TIMEOUT",
    "KIT_JSON_DEPTH_MAX",
    "KIT_JSON_MEMBERS_MAX",
    "KIT_DECOMPRESSION",
    "KIT_HTTP2_STREAMS_MAX",
    "KIT_HTTP2_RESETS_MAX",
    "KIT_HTTP2_PING",
    "KIT_OUTBOUND_ALLOW",
    "KIT_OUTBOUND_PROXY",
    "KIT_URL",
    "KIT_API_KEY",
    "KIT_RETRY_DELAYS",
    "KIT_RETRY_FOR",
    "KIT_RETRY_JITTER",
    "KIT_RETRY_ATTEMPTS_MAX",
    "KIT_RETRY_AFTER_MAX",
    "KIT_ON_PARKED",
    "KIT_BACKLOG_MAX",
    "KIT_DEDUPE_BYTES_MAX",
    "KIT_REQUEST_BYTES_MAX",
    "KIT_DELIVERY_BYTES_MAX",
    "KIT_EVENTS_KEPT",
    "KIT_ACTIVATIONS_KEPT",
    "KIT_STORE_BYTES_KEPT",
    "KIT_HEALTH_WINDOW",
    "KIT_HEALTH_ATTEMPTS_MIN",
    "KIT_HEALTH_FAILURES",
    "KIT_HEALTH_UNSTABLE_FOR",
    "KIT_DEDUPE_WINDOW",
    "KIT_ADOBE_AUTH",
    "KIT_ECHO_WINDOW",
    "KIT_STORE_BYTES_MAX",
    "KIT_DELIVERIES_AT_ONCE",
    "KIT_TARGET_CONCURRENCY",
    "KIT_TARGET_RATE",
    "KIT_ROLE",
    "KIT_JOURNAL",
    "KIT_JOURNAL_INTERVAL",
    "KIT_WEBHOOK_SIGNATURES",
    "KIT_WEBHOOK_ANSWER_WITHIN",
    "KIT_EVENTS_PLAIN_HTTP",
    "KIT_EVENTS_INGRESS_LIMIT",
    "KIT_EVENTS_DEPRECATED_MEMBERS",
];

/// Those of them that nothing reads yet. Whoever sets one expects something that does not happen.
const UNREAD_NAMES: &[&str] = &["KIT_API_KEY"];

pub(super) fn check(reader: &mut Reader<'_>) {
    let variables = reader.variables;
    let unknown = variables.names().filter(|name| name.starts_with(OWN_PREFIX) && !OWN_NAMES.contains(name));
    for name in unknown {
        let hint = suggestion::hint(name, OWN_NAMES);
        reader.fault(name, "expected a variable that the kit knows", hint);
    }
}

pub(super) fn unread(variables: &Variables) -> Vec<&'static str> {
    UNREAD_NAMES.iter().copied().filter(|name| variables.get(name).is_some()).collect()
}
