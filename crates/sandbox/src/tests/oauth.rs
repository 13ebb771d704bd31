use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use serde_json::{Value, json};

use super::{Store, TOKEN, V1, answer, minimal};
use crate::{Integration, Options, Sandbox};

const HOST: &str = "sandbox.test:9080";
const SECRETS: [&str; 2] = ["consumer&secret", "token secret"];

/// A request that is going to be signed; tests change what they are about.
#[derive(Clone)]
struct Signer {
    method: &'static str,
    /// As it is sent, percent-encoded, with its query.
    target: String,
    body: Value,
    oauth: Vec<(&'static str, String)>,
    secrets: [&'static str; 2],
}

impl Signer {
    fn new(method: &'static str, path: &str, nonce: &str) -> Self {
        let oauth = [
            ("oauth_consumer_key", "key"),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &now().to_string()),
            ("oauth_token", "access+token"),
            ("oauth_version", "1.0"),
        ];
        let oauth = oauth.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { method, target: format!("{V1}{path}"), body: Value::Null, oauth, secrets: SECRETS }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        let parameter = self.oauth.iter_mut().find(|(known, _)| *known == name);
        value.clone_into(&mut parameter.expect("a parameter of every request").1);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.oauth.retain(|(known, _)| *known != name);
        self
    }

    fn and(mut self, name: &'static str, value: &str) -> Self {
        self.oauth.push((name, value.to_owned()));
        self
    }

    fn authorization(&self) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let query = query.split('&').filter(|part| !part.is_empty()).map(|part| {
            // The tests write queries whose values have no other form.
            part.split_once('=').map_or((part.to_owned(), String::new()), |(name, value)| (name.into(), value.into()))
        });
        let oauth = self.oauth.iter().map(|(name, value)| (escape(name), escape(value)));
        let mut pairs: Vec<_> = oauth.chain(query).collect();
        pairs.sort();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let base = [self.method, &format!("http://{HOST}{path}"), &pairs.join("&")].map(escape).join("&");
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secrets.map(escape).join("&").as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, base.as_bytes()));
        let signed = self.clone().and("oauth_signature", &signature);
        let parameters = signed.oauth.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value)));
        format!("OAuth {}", parameters.collect::<Vec<_>>().join(", "))
    }

    fn request(&self) -> Request<Body> {
        self.request_with(&self.authorization())
    }

    fn request_with(&self, authorization: &str) -> Request<Body> {
        let body = if self.body.is_null() { Body::empty() } else { Body::from(self.body.to_string()) };
        let request = Request::builder().method(self.method).uri(&self.target).header(header::HOST, HOST);
        request.header(header::AUTHORIZATION, authorization).body(body).unwrap()
    }
}

#[tokio::test]
async fn a_signed_request_is_taken_and_the_bearer_token_as_before() {
    let store = store();
    let mut create = Signer::new("POST", "products", "n1");
    create.body = minimal("A/B c");
    assert_eq!(store.send(create.request()).await.status(), StatusCode::OK);
    let get = Signer::new("GET", "products/A%2FB%20c?fields=sku%2Cname&a=%C3%A9&a=&~", "n2");
    assert_eq!(store.send(get.request()).await.status(), StatusCode::OK);
    assert_eq!(store.call("GET", "products/A%2Fb%20C", Value::Null).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_the_rfc_leaves_open_is_left_open() {
    let store = store();
    store.create("Mug").await;
    let get = |nonce| Signer::new("GET", "products/Mug", nonce);
    let mixed_case = get("n1").authorization().replacen("OAuth", "oAUTH", 1);
    assert_eq!(store.send(get("").request_with(&mixed_case)).await.status(), StatusCode::OK);
    let realm = get("n2").authorization().replacen("OAuth ", "OAuth realm=\"a, b = c\",", 1);
    assert_eq!(store.send(get("").request_with(&realm)).await.status(), StatusCode::OK);
    let compact = get("n3").authorization().replace(", ", ",");
    assert_eq!(store.send(get("").request_with(&compact)).await.status(), StatusCode::OK);
    assert_eq!(store.send(get("n4").without("oauth_version").request()).await.status(), StatusCode::OK);
    assert_eq!(store.send(get("n5").and("xoauth_client", "a b").request()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn host_and_default_port_are_written_as_in_the_base_string() {
    let store = store();
    store.create("Mug").await;
    let mut get = Signer::new("GET", "products/Mug", "n1").request();
    get.headers_mut().insert(header::HOST, HeaderValue::from_static("SANDBOX.test:9080"));
    assert_eq!(store.send(get).await.status(), StatusCode::OK);
    let mut get = Signer::new("GET", "products/Mug", "n2").request();
    get.headers_mut().insert(header::HOST, HeaderValue::from_static("sandbox.test"));
    check_refusal(&store, get, StatusCode::UNAUTHORIZED, "signature_invalid").await;
}

#[tokio::test]
async fn parameters_that_are_wrong_are_refused_by_name() {
    let store = store();
    let get = || Signer::new("GET", "products/Mug", "n1");
    let (bad, unauthorized) = (StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED);
    for (signer, status, problem) in [
        (get().with("oauth_consumer_key", "other"), unauthorized, "consumer_key_rejected"),
        (get().with("oauth_token", "access token"), unauthorized, "token_rejected"),
        (get().with("oauth_version", "2.0"), bad, "version_rejected"),
        (get().with("oauth_version", ""), bad, "version_rejected"),
        (get().with("oauth_signature_method", "HMAC-SHA1"), bad, "signature_method_rejected"),
        (get().with("oauth_signature_method", "PLAINTEXT"), bad, "signature_method_rejected"),
        (get().with("oauth_timestamp", &(now() - 620).to_string()), bad, "timestamp_refused"),
        (get().with("oauth_timestamp", &(now() + 620).to_string()), bad, "timestamp_refused"),
        (get().with("oauth_timestamp", "soon"), bad, "timestamp_refused"),
        (get().with("oauth_timestamp", &format!("+{}", now())), bad, "timestamp_refused"),
        (get().with("oauth_timestamp", "99999999999999999999"), bad, "timestamp_refused"),
        (get().with("oauth_nonce", &"n".repeat(129)), bad, "parameter_rejected"),
        (get().and("oauth_callback", "oob"), bad, "parameter_rejected"),
        (get().and("oauth_token", "access+token"), bad, "parameter_rejected"),
        (Signer { secrets: ["consumer&secret", "other"], ..get() }, unauthorized, "signature_invalid"),
        (Signer { secrets: ["other", "token secret"], ..get() }, unauthorized, "signature_invalid"),
    ] {
        check_refusal(&store, signer.request(), status, problem).await;
    }
    let names = ["consumer_key", "nonce", "signature_method", "timestamp", "token"].map(|name| format!("oauth_{name}"));
    for name in &names {
        let absent = format!("parameter_absent&oauth_parameters_absent={name}");
        check_refusal(&store, get().without(name).request(), bad, &absent).await;
        check_refusal(&store, get().with(name, "").request(), bad, &absent).await;
    }
    let unsigned = get().authorization().replace("oauth_signature=", "signature=");
    let absent = "parameter_absent&oauth_parameters_absent=oauth_signature";
    check_refusal(&store, get().request_with(&unsigned), bad, absent).await;
}

#[tokio::test]
async fn a_request_other_than_the_signed_one_is_refused_without_effect() {
    let store = store();
    store.create("Mug").await;
    let signed = Signer::new("GET", "products/Mug?a=1", "n1");
    let authorization = signed.authorization();
    for (method, target) in [
        ("DELETE", "products/Mug?a=1"),
        ("GET", "products/Cup?a=1"),
        ("GET", "products/Mug?a=2"),
        ("GET", "products/Mug"),
        ("GET", "products/Mug?a=1&b"),
        ("GET", "products/%4Dug?a=1"),
    ] {
        let other = Signer { method, target: format!("{V1}{target}"), ..signed.clone() };
        let request = other.request_with(&authorization);
        check_refusal(&store, request, StatusCode::UNAUTHORIZED, "signature_invalid").await;
    }
    for header in
        ["", "oauth_token", "oauth_token=", "oauth_token=a", "a=\"b\" c=\"d\"", "a=\"b\",", "=\"a\"", "a=\"%FF\""]
    {
        let request = signed.request_with(&format!("OAuth {header}"));
        let problem = if header.is_empty() { "parameter_absent" } else { "parameter_rejected" };
        check_refusal(&store, request, StatusCode::BAD_REQUEST, problem).await;
    }
    let in_query = Signer::new("GET", "products/Mug?oauth_token=x", "n2").request();
    check_refusal(&store, in_query, StatusCode::BAD_REQUEST, "parameter_rejected").await;
    let long = signed.request_with(&format!("OAuth a=\"{}\"", "b".repeat(9_000)));
    check_refusal(&store, long, StatusCode::BAD_REQUEST, "parameter_rejected").await;
    assert!(store.sandbox.product("Mug").is_some());
    assert_eq!(store.send(signed.request()).await.status(), StatusCode::OK, "no refusal has used the nonce up");
    let statuses: Vec<_> = store.sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!((statuses.len(), statuses[1]), (18, Some(401)), "refused calls are listed");
}

#[tokio::test]
async fn a_nonce_serves_once() {
    let store = store();
    let mut create = Signer::new("POST", "products", "n1");
    create.body = minimal("Mug");
    assert_eq!(store.send(create.request()).await.status(), StatusCode::OK);
    check_refusal(&store, create.request(), StatusCode::UNAUTHORIZED, "nonce_used").await;
    let other = Signer::new("DELETE", "products/Mug", "n1").with("oauth_timestamp", &(now() + 5).to_string());
    check_refusal(&store, other.request(), StatusCode::UNAUTHORIZED, "nonce_used").await;
    assert!(store.sandbox.product("Mug").is_some());
}

#[tokio::test]
async fn a_call_that_a_fault_kept_from_its_effect_may_be_sent_again_as_it_was() {
    let store = store();
    let mut create = Signer::new("POST", "products", "n1");
    create.body = minimal("Mug");
    for fault in [json!({"cut": "before"}), json!({"status": 503})] {
        store.order(fault).await;
        store.send(create.request()).await;
    }
    assert_eq!(store.send(create.request()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_complete_integration_no_signature_is_right() {
    let get = Signer { secrets: ["consumer&secret", ""], ..Signer::new("GET", "products/Mug", "n1") };
    for integration in [None, Some(Integration { access_token_secret: String::new(), ..integration() })] {
        let options = Options { token: TOKEN.to_owned(), integration, folder: None, eventing: None };
        let store = Store { sandbox: Sandbox::open(options).unwrap() };
        check_refusal(&store, get.request(), StatusCode::UNAUTHORIZED, "consumer_key_rejected").await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_header_does_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        parameters in "(oauth_(nonce|token|signature|version)|realm|[a-z%\"=, é]{0,4})(=\"?[ -~]{0,20}\"?,? ?){0,4}",
        query in "[a-z%+&=0-9_]{0,30}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = store();
        let given = [&b"OAuth "[..], &bytes].concat();
        for header in [&bytes[..], &given, format!("OAuth {parameters}").as_bytes()] {
            let Ok(value) = HeaderValue::from_bytes(header) else { continue };
            let mut request = Signer::new("GET", &format!("products/Mug?{query}"), "n").request();
            request.headers_mut().insert(header::AUTHORIZATION, value.clone());
            request.headers_mut().insert(header::HOST, value);
            let (status, refusal) = runtime.block_on(async { answer(store.send(request).await).await });
            assert!(status == StatusCode::BAD_REQUEST || status == StatusCode::UNAUTHORIZED, "{status} {refusal}");
        }
    }
}

/// `problem` is the beginning of what follows `oauth_problem=`.
async fn check_refusal(store: &Store, request: Request<Body>, status: StatusCode, problem: &str) {
    let shown = format!("{:?}", request.headers()[header::AUTHORIZATION]);
    let (given, refusal) = answer(store.send(request).await).await;
    assert_eq!(given, status, "{shown} {refusal}");
    let message = refusal["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("oauth_problem={problem}")), "{shown} {message}");
    assert_eq!(refusal, json!({ "message": message }));
}

fn store() -> Store {
    let options = Options { token: TOKEN.to_owned(), integration: Some(integration()), folder: None, eventing: None };
    Store { sandbox: Sandbox::open(options).unwrap() }
}

fn integration() -> Integration {
    Integration {
        consumer_key: "key".to_owned(),
        consumer_secret: SECRETS[0].to_owned(),
        access_token: "access+token".to_owned(),
        access_token_secret: SECRETS[1].to_owned(),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").unwrap();
        }
        escaped
    })
}
