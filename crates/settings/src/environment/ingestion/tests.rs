use std::time::Duration;

use crate::environment::runtime::SAID;
use crate::{Environment, Faults, Mode, Variables};

const SECRET: &str = "5ecret-of-the-tests";

fn read(mode: Mode, pairs: &[(&str, &str)]) -> Result<Environment, Faults> {
    let mut variables = Variables::from_pairs([
        SAID[0],
        SAID[1],
        ("COMMERCE_BASE_URL", "https://shop.example.com/rest"),
        ("COMMERCE_ACCESS_TOKEN", "t"),
        ("KIT_ENCRYPTION_KEY", "none"),
    ]);
    for (name, value) in pairs {
        variables.set(*name, *value);
    }
    Environment::read(&variables, mode)
}

#[track_caller]
fn check(pairs: &[(&str, &str)], names: &[&str]) {
    let ingestion = read(Mode::Serve, pairs).unwrap().ingestion;
    assert_eq!(ingestion.names(), names, "{pairs:?}");
    assert!(!format!("{ingestion:?}").contains(SECRET));
}

/// The one fault begins so, and shows no value.
#[track_caller]
fn check_fault(pairs: &[(&str, &str)], expected: &str) {
    let faults = read(Mode::Serve, pairs).unwrap_err();
    let text = faults.to_string();
    assert!(text.starts_with(expected), "{pairs:?}: {text}");
    assert_eq!(faults.len(), 1, "{pairs:?}: {text}");
    assert!(!text.contains(SECRET), "{text}");
}

#[test]
fn schemes_are_tried_as_they_are_named() {
    check(&[("KIT_INGESTION_AUTH", "none")], &[]);
    check(&[("KIT_INGESTION_AUTH", "port"), ("KIT_INGESTION_PORT_SECRET", SECRET)], &["port"]);
    let pairs = [
        ("KIT_INGESTION_AUTH", "standard-webhooks, api-key,basic,shopify,stripe,github,hmac"),
        ("KIT_INGESTION_STANDARD_WEBHOOKS_SECRET", "whsec_YSBzaGFyZWQgc2VjcmV0IG9mIHRoaXJ0eSBieXRlcw=="),
        ("KIT_INGESTION_API_KEY_SECRET", r#"["5ecret-of-the-tests","old"]"#),
        ("KIT_INGESTION_BASIC_USER", "erp"),
        ("KIT_INGESTION_BASIC_PASSWORD", SECRET),
        ("KIT_INGESTION_SHOPIFY_SECRET", SECRET),
        ("KIT_INGESTION_STRIPE_SECRET", SECRET),
        ("KIT_INGESTION_GITHUB_SECRET", SECRET),
        ("KIT_INGESTION_HMAC_SECRET", SECRET),
        ("KIT_INGESTION_HMAC_HEADER", "X-Slip"),
        ("KIT_INGESTION_HMAC_TIMESTAMP_HEADER", "x-slip-time"),
        ("KIT_INGESTION_HMAC_TEMPLATE", "v0:{timestamp}:{body}"),
        ("KIT_INGESTION_HMAC_ENCODING", "base64url"),
        ("KIT_INGESTION_HMAC_PREFIX", "v0="),
    ];
    check(&pairs, &["standard-webhooks", "api-key", "basic", "shopify", "stripe", "github", "hmac"]);
    assert_eq!(read(Mode::Dev, &[]).unwrap().ingestion.window, Duration::from_mins(5));
    assert!(read(Mode::Dev, &[]).unwrap().ingestion.schemes.is_empty());
    assert!(read(Mode::Dev, &[("KIT_INGESTION_AUTH", "port")]).is_err());
}

#[test]
fn what_a_scheme_needs_is_asked_for() {
    check_fault(&[], "`KIT_INGESTION_AUTH`: expected a word on who may send events, it is not set");
    check_fault(&[("KIT_INGESTION_AUTH", "prot")], "`KIT_INGESTION_AUTH`: expected `none`, or schemes out of ");
    check_fault(
        &[("KIT_INGESTION_AUTH", "port")],
        "`KIT_INGESTION_PORT_SECRET`: expected a value for the scheme `port`",
    );
    for secret in ["[]", r#"[""]"#, r#"["5ecret-of-the-tests",1]"#, "[5ecret-of-the-tests", r#"["a","b","c","d","e"]"#]
    {
        let pairs = [("KIT_INGESTION_AUTH", "port"), ("KIT_INGESTION_PORT_SECRET", secret)];
        check_fault(&pairs, "`KIT_INGESTION_PORT_SECRET`: expected a secret, or a JSON array of at most 4");
    }
    let port = ("KIT_INGESTION_PORT_SECRET", SECRET);
    check_fault(&[("KIT_INGESTION_AUTH", "port,none"), port], "`KIT_INGESTION_AUTH`: expected `none` alone");
    check_fault(&[("KIT_INGESTION_AUTH", "port,port"), port], "`KIT_INGESTION_AUTH`: expected each scheme once");
    let secret = ("KIT_INGESTION_STANDARD_WEBHOOKS_SECRET", SECRET);
    check_fault(
        &[("KIT_INGESTION_AUTH", "standard-webhooks"), secret],
        "`KIT_INGESTION_STANDARD_WEBHOOKS_SECRET`: expected a secret `whsec_` or a public key `whpk_`",
    );
    check_fault(
        &[("KIT_INGESTION_AUTH", "none"), ("KIT_INGESTION_WINDOW", "2d")],
        "`KIT_INGESTION_WINDOW`: expected a duration from `1s` to `1d`",
    );
}

#[test]
fn a_rule_of_ones_own_has_to_make_sense() {
    #[track_caller]
    fn check_rule(name: &str, value: &str, expected: &str) {
        let pairs = [("KIT_INGESTION_AUTH", "hmac"), ("KIT_INGESTION_HMAC_SECRET", SECRET), (name, value)];
        check_fault(&pairs, expected);
    }
    let template = "KIT_INGESTION_HMAC_TEMPLATE";
    check_rule(
        template,
        "{timestamp}.{body}",
        "`KIT_INGESTION_HMAC_TEMPLATE`: expected `{timestamp}` in it exactly when",
    );
    check_rule(
        template,
        "{path}",
        "`KIT_INGESTION_HMAC_TEMPLATE`: expected what is signed, such as `{timestamp}.{body}`",
    );
    check_rule(
        "KIT_INGESTION_HMAC_HEADER",
        "x signature",
        "`KIT_INGESTION_HMAC_HEADER`: expected the name of a header",
    );
    check_rule("KIT_INGESTION_HMAC_ENCODING", "base32", "`KIT_INGESTION_HMAC_ENCODING`: expected `hex`, `base64` or");
}

const PEM: &str = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\\n-----END PUBLIC KEY-----";

#[test]
fn a_token_has_an_issuer_an_audience_and_keys() {
    let jwt = [
        ("KIT_INGESTION_AUTH", "jwt"),
        ("KIT_INGESTION_JWT_ISSUER", "https://issuer.example.com/"),
        ("KIT_INGESTION_JWT_AUDIENCE", "kit, other"),
    ];
    let with = |name: &'static str, value: &'static str| [jwt.as_slice(), &[(name, value)]].concat();
    let url = "KIT_INGESTION_JWT_JWKS_URL";
    check(&with(url, "https://issuer.example.com/jwks.json?v=1"), &["jwt"]);
    let local = with(url, "http://127.0.0.1:4711/jwks.json");
    check(&[local.as_slice(), &[("KIT_OUTBOUND_ALLOW", "127.0.0.1")]].concat(), &["jwt"]);
    check(&with("KIT_INGESTION_JWT_PUBLIC_KEY", PEM), &["jwt"]);
    for text in ["http://issuer.example.com/jwks.json", "issuer.example.com", "https://me:5ecret-of-the-tests@issuer/"]
    {
        check_fault(&with(url, text), "`KIT_INGESTION_JWT_JWKS_URL`: expected an `https` URL");
    }
    check_fault(
        &with("KIT_INGESTION_JWT_PUBLIC_KEY", SECRET),
        "`KIT_INGESTION_JWT_PUBLIC_KEY`: expected a public key in PEM",
    );
    check_fault(&jwt, "`KIT_INGESTION_JWT_JWKS_URL`: expected either this or `KIT_INGESTION_JWT_PUBLIC_KEY`");
    let key = with("KIT_INGESTION_JWT_PUBLIC_KEY", PEM);
    let algorithms = [key.as_slice(), &[("KIT_INGESTION_JWT_ALGORITHMS", "RS256,HS256")]].concat();
    check_fault(&algorithms, "`KIT_INGESTION_JWT_ALGORITHMS`: expected algorithms with a key pair");
    check_fault(
        &[&key[..2], &key[3..]].concat(),
        "`KIT_INGESTION_JWT_AUDIENCE`: expected a value for the scheme `jwt`",
    );
}

#[test]
fn networks_and_certificates_are_lists() {
    let pairs = [
        ("KIT_INGESTION_AUTH", "ims,client-certificate"),
        ("KIT_INGESTION_CLIENT_CERTIFICATE_ALLOWED", r#"["CN=erp,O=Example","CN=shop"]"#),
        ("KIT_TRUSTED_PROXIES", "10.0.0.0/8"),
        ("KIT_INGESTION_IPS", "192.0.2.7, 2001:db8::/32"),
    ];
    check(&pairs, &["ims", "client-certificate"]);
    let ingestion = read(Mode::Serve, &pairs).unwrap().ingestion;
    assert_eq!((ingestion.networks.len(), ingestion.proxies.len()), (2, 1));
    check_fault(
        &[&pairs[..2], &pairs[3..]].concat(),
        "`KIT_TRUSTED_PROXIES`: expected a value for the scheme `client-certificate`",
    );
    let none = ("KIT_INGESTION_AUTH", "none");
    for text in ["192.0.2.7/33", "10.1.0.0/8", "everybody", "10.0.0.0/8,"] {
        check_fault(
            &[none, ("KIT_INGESTION_IPS", text)],
            "`KIT_INGESTION_IPS`: expected at most 256 addresses or networks",
        );
    }
}
