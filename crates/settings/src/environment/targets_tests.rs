use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{Backoffice, BackofficeAuth, Commerce, CommerceAuth, Environment, Fault, Mode, TargetInputs, Variables};

const SHOP: (&str, &str) = ("COMMERCE_BASE_URL", "https://shop.example.com/rest/");
const ERP: (&str, &str) = ("KIT_BACKOFFICE_URL", "https://erp.example.com/api");
const INTEGRATION: [(&str, &str); 4] = [
    ("COMMERCE_CONSUMER_KEY", "key"),
    ("COMMERCE_CONSUMER_SECRET", "s3cr3t-1"),
    ("COMMERCE_ACCESS_TOKEN", "token"),
    ("COMMERCE_ACCESS_TOKEN_SECRET", "s3cr3t-2"),
];
const IMS: [(&str, &str); 3] =
    [("OAUTH_CLIENT_ID", "client"), ("OAUTH_CLIENT_SECRET", "s3cr3t-3"), ("OAUTH_SCOPES", "openid,commerce.accs")];

fn inputs(pairs: &[(&str, &str)]) -> TargetInputs {
    let inputs: BTreeMap<String, Value> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    TargetInputs::of(&inputs)
}

fn commerce(pairs: &[(&str, &str)]) -> Result<Commerce, Vec<Fault>> {
    let all: Vec<(&str, &str)> = [SHOP].iter().chain(pairs).copied().collect();
    inputs(&all).commerce().map(|found| found.expect("a base URL is a target"))
}

fn backoffice(pairs: &[(&str, &str)]) -> Result<Backoffice, Vec<Fault>> {
    let all: Vec<(&str, &str)> = [ERP].iter().chain(pairs).copied().collect();
    inputs(&all).backoffice().map(|found| found.expect("a URL is a target"))
}

#[test]
fn the_values_that_are_set_choose_the_scheme() {
    fn check(sets: &[&[(&str, &str)]], scheme: &str) {
        let auth = commerce(&sets.concat()).unwrap().auth;
        let found = match auth {
            CommerceAuth::OAuth1(_) => "OAuth 1.0a",
            CommerceAuth::Ims { .. } => "IMS",
            CommerceAuth::Bearer(_) => "bearer",
        };
        assert_eq!(found, scheme);
    }
    check(&[&INTEGRATION], "OAuth 1.0a");
    check(&[&INTEGRATION, &IMS], "OAuth 1.0a");
    check(&[&IMS], "IMS");
    check(&[&IMS, &[("COMMERCE_CONSUMER_KEY", "$COMMERCE_CONSUMER_KEY")]], "IMS");
    check(&[&[("COMMERCE_ACCESS_TOKEN", "t")]], "bearer");
    // Who publishes to Adobe has a client id, too; the token was set for Commerce.
    check(&[&[("COMMERCE_ACCESS_TOKEN", "t")], &IMS], "bearer");
    check(&[&[("COMMERCE_ACCESS_TOKEN", "t"), ("OAUTH_CLIENT_ID", "$OAUTH_CLIENT_ID")]], "bearer");
}

#[test]
fn what_is_missing_is_named_in_the_words_of_adobes_kit() {
    fn check(pairs: &[(&str, &str)], key: &str, problem: &str) {
        let [fault] = commerce(pairs).unwrap_err().try_into().expect("one fault");
        assert_eq!((fault.key.as_str(), fault.problem.as_str()), (key, problem));
    }
    let unknown = "Unknown auth type, supported IMS OAuth or Commerce OAuth1. Please review documented auth types";
    check(&[], "COMMERCE_CONSUMER_KEY", unknown);
    check(&[("OAUTH_CLIENT_ID", "$OAUTH_CLIENT_ID")], "COMMERCE_CONSUMER_KEY", unknown);
    check(&INTEGRATION[1..], "COMMERCE_CONSUMER_KEY", unknown);
    let missing = "Expected parameters are missing COMMERCE_CONSUMER_SECRET, COMMERCE_ACCESS_TOKEN, \
                   COMMERCE_ACCESS_TOKEN_SECRET";
    check(&INTEGRATION[..1], "COMMERCE_CONSUMER_SECRET", missing);
    check(
        &INTEGRATION[..3],
        "COMMERCE_ACCESS_TOKEN_SECRET",
        "Expected parameters are missing COMMERCE_ACCESS_TOKEN_SECRET",
    );
    check(&IMS[..1], "OAUTH_CLIENT_SECRET", "Expected parameters are missing OAUTH_CLIENT_SECRET, OAUTH_SCOPES");
}

#[test]
fn ims_tokens_come_from_adobe_or_from_the_host_that_is_named() {
    fn check(pairs: &[(&str, &str)], expected: &str) {
        let CommerceAuth::Ims { token_url, scopes, client_secrets, org_id, .. } =
            commerce(&[&IMS, pairs].concat()).unwrap().auth
        else {
            panic!("the scheme is IMS");
        };
        assert_eq!(token_url, expected);
        assert_eq!(scopes, "openid,commerce.accs");
        assert_eq!(client_secrets[0].expose_secret(), "s3cr3t-3");
        assert_eq!(org_id.as_deref(), pairs.first().map(|_| "1@AdobeOrg"));
    }
    check(&[], "https://ims-na1.adobelogin.com/ims/token/v3");
    let stage = [("OAUTH_ORG_ID", "1@AdobeOrg"), ("OAUTH_HOST", "https://ims.example.com")];
    check(&stage, "https://ims.example.com/ims/token/v3");
}

#[test]
fn graphql_lies_beside_the_rest_api_unless_it_is_named() {
    fn check(base_url: &str, endpoint: &str, expected: &str) {
        let all = [("COMMERCE_BASE_URL", base_url), ("COMMERCE_GRAPHQL_ENDPOINT", endpoint), INTEGRATION[2]];
        assert_eq!(inputs(&all).commerce().unwrap().unwrap().graphql_url, expected);
    }
    check("https://shop.example.com/rest/", "", "https://shop.example.com/graphql");
    check("https://shop.example.com/rest/all/", "", "https://shop.example.com/graphql");
    check("https://shop.example.com/shop/rest", "", "https://shop.example.com/shop/graphql");
    check("https://na1.api.commerce.adobe.com/tenant/", "", "https://na1.api.commerce.adobe.com/tenant/graphql");
    check("https://shop.example.com/rest/", "https://other.example.com/graphql", "https://other.example.com/graphql");
}

#[test]
fn a_back_office_is_convinced_in_one_of_four_ways() {
    assert_eq!(backoffice(&[]).unwrap().base_url, "https://erp.example.com/api/");
    assert!(matches!(backoffice(&[]).unwrap().auth, BackofficeAuth::None));
    let api_key = [("KIT_BACKOFFICE_AUTH", "api-key"), ("KIT_BACKOFFICE_API_KEY", "k")];
    let header = |pairs: &[(&str, &str)]| match backoffice(pairs).unwrap().auth {
        BackofficeAuth::ApiKey { header, .. } => header,
        other => panic!("{other:?}"),
    };
    assert_eq!(header(&api_key), "x-api-key");
    assert_eq!(header(&[&api_key[..], &[("KIT_BACKOFFICE_API_KEY_HEADER", "X-Token")]].concat()), "x-token");
    let basic = [("KIT_BACKOFFICE_AUTH", "basic"), ("KIT_BACKOFFICE_USER", "me"), ("KIT_BACKOFFICE_PASSWORD", "p:w")];
    assert!(matches!(backoffice(&basic).unwrap().auth, BackofficeAuth::Basic { user, .. } if user == "me"));
    let oauth = [
        ("KIT_BACKOFFICE_AUTH", "oauth"),
        ("KIT_BACKOFFICE_TOKEN_URL", "https://login.example.com/token"),
        ("KIT_BACKOFFICE_CLIENT_ID", "c"),
        ("KIT_BACKOFFICE_CLIENT_SECRET", "s3cr3t"),
    ];
    match backoffice(&oauth).unwrap().auth {
        BackofficeAuth::OAuth { token_url, scopes: None, .. } => {
            assert_eq!(token_url, "https://login.example.com/token");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_kind_says_what_it_lacks() {
    fn check(kind: &str, keys: &[&str]) {
        let faults = backoffice(&[("KIT_BACKOFFICE_AUTH", kind)]).unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), keys);
        assert!(faults.iter().all(|fault| fault.problem.contains(kind)), "{faults:?}");
    }
    check("api-key", &["KIT_BACKOFFICE_API_KEY"]);
    check("basic", &["KIT_BACKOFFICE_USER", "KIT_BACKOFFICE_PASSWORD"]);
    check("oauth", &["KIT_BACKOFFICE_TOKEN_URL", "KIT_BACKOFFICE_CLIENT_ID", "KIT_BACKOFFICE_CLIENT_SECRET"]);
}

#[test]
fn inputs_that_name_no_target_are_no_fault() {
    assert!(inputs(&[]).commerce().unwrap().is_none());
    assert!(inputs(&[("COMMERCE_BASE_URL", ""), INTEGRATION[0]]).commerce().unwrap().is_none());
    assert!(inputs(&[("KIT_BACKOFFICE_URL", "$KIT_BACKOFFICE_URL")]).backoffice().unwrap().is_none());
    let other = BTreeMap::from([("COMMERCE_BASE_URL".to_owned(), json!(5))]);
    assert!(TargetInputs::of(&other).commerce().unwrap().is_none());
}

#[test]
fn echoes_may_pass() {
    let read = |value| Environment::read(&Variables::from_pairs([("KIT_ECHO_WINDOW", value)]), Mode::Dev).unwrap();
    assert_eq!(read("off").echo_window, Duration::ZERO);
    assert_eq!(read("5m").echo_window, Duration::from_mins(5));
}

#[test]
fn debug_shows_no_secret_of_a_target() {
    let shown = format!(
        "{:?} {:?} {:?}",
        commerce(&INTEGRATION).unwrap(),
        commerce(&IMS).unwrap(),
        backoffice(&[
            ("KIT_BACKOFFICE_AUTH", "basic"),
            ("KIT_BACKOFFICE_USER", "u"),
            ("KIT_BACKOFFICE_PASSWORD", "s3cr3t")
        ])
        .unwrap()
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");
}
