use reqwest::header::HeaderMap;
use schemes::signature::Rule;
use schemes::standard_webhooks::{self, SigningKeys};
use schemes::{Encoding, MacKeys};
use secrecy::SecretString;

use super::{SECRET, WHSEC, assert_unproven, at, body, headers, project};

fn mac_keys(secret: &str) -> MacKeys {
    MacKeys::of_texts(&[SecretString::from(secret)])
}

#[tokio::test]
async fn a_key_is_said_in_the_header_or_in_the_query() {
    let variables = [("KIT_INGESTION_API_KEY_SECRET", r#"["the new key","the old key"]"#)];
    let project = project("api-key", &variables);
    let kit = project.start(&["dev"]);
    kit.post_with(headers(&[("x-api-key", "the new key")]), body("A")).await.assert_new();
    kit.post_with(headers(&[("X-API-Key", "the old key")]), body("B")).await.assert_new();
    kit.get_in("a=b&key=the+old%20key", body("C")).await.assert_new();
    let missing = kit.post_with(HeaderMap::new(), body("D")).await;
    assert_unproven(
        &project,
        &missing,
        "api-key: neither the header `x-api-key` nor the query parameter `key` is there",
    );
    let wrong = kit.post_with(headers(&[("x-api-key", SECRET)]), body("D")).await;
    assert_unproven(&project, &wrong, "api-key: the header `x-api-key` holds none of 2 key(s)");
    let wrong = kit.get_in("key=the%20new%20ke", body("D")).await;
    assert_unproven(&project, &wrong, "the query parameter `key` holds none of 2 key(s)");
    let twice = kit.get_in("key=the%20new%20key&key=the%20new%20key", body("D")).await;
    assert_unproven(&project, &twice, "the query parameter `key` is given 2 times");
    let mut twice = headers(&[("x-api-key", "the new key")]);
    twice.append("x-api-key", "the new key".parse().unwrap());
    let twice = kit.post_with(twice, body("D")).await;
    assert_unproven(&project, &twice, "the header `x-api-key` is given 2 times");
    assert!(!kit.log().contains("the new key"), "{}", kit.log());
}

#[tokio::test]
async fn a_refusal_comes_before_anything_is_said_of_the_body() {
    let project = project("api-key", &[("KIT_INGESTION_API_KEY_SECRET", SECRET)]);
    let kit = project.start(&["dev"]);
    let refused = kit.post("no JSON at all").await;
    assert_unproven(&project, &refused, "neither the header");
    let known = kit.post_with(headers(&[("x-api-key", SECRET)]), b"no JSON at all".to_vec()).await;
    assert_eq!(known.status, 400, "{known:?}");
}

#[tokio::test]
async fn a_user_has_a_password_or_two_of_them() {
    let variables = [
        ("KIT_INGESTION_BASIC_USER", "erp"),
        ("KIT_INGESTION_BASIC_PASSWORD", r#"["new:er-password","old-password"]"#),
    ];
    let project = project("basic", &variables);
    let kit = project.start(&["dev"]);
    let send = async |user: &str, password: &str, uid: &str| {
        let request = kit.client.post(kit.url(super::WEBHOOK)).basic_auth(user, Some(password));
        crate::support::Answer::of(request.body(body(uid))).await
    };
    send("erp", "new:er-password", "A").await.assert_new();
    send("erp", "old-password", "B").await.assert_new();
    for (user, password) in [("erp", "ne"), ("er", "p:old-password"), ("ERP", "old-password"), ("erp", "")] {
        let refused = send(user, password, "C").await;
        assert_unproven(
            &project,
            &refused,
            "basic: the header `authorization` holds another user, or none of 2 password(s)",
        );
    }
    for value in ["Bearer b2xk", "Basic ?", "Basic", ""] {
        let refused = kit.post_with(headers(&[("authorization", value)]), body("C")).await;
        assert_unproven(&project, &refused, "basic: the header `authorization` is not `Basic` and the base64 of");
    }
}

#[tokio::test]
async fn a_signed_webhook_is_standard() {
    let project = project("standard-webhooks", &[("KIT_INGESTION_STANDARD_WEBHOOKS_SECRET", WHSEC)]);
    let kit = project.start(&["dev"]);
    let keys = SigningKeys::parse(&[WHSEC.into()]).unwrap();
    let sign = |seconds: i64, body: &[u8]| standard_webhooks::sign(&keys, "msg_1", at(seconds), body).unwrap();
    kit.post_with(sign(0, &body("A")), body("A")).await.assert_new();
    kit.post_with(sign(-290, &body("B")), body("B")).await.assert_new();
    kit.post_with(sign(290, &body("C")), body("C")).await.assert_new();
    let bytes = body("E").len();
    let forged = kit.post_with(sign(0, &body("D")), body("E")).await;
    let expected = format!(
        "standard-webhooks: none of 1 secret(s) fits the signature in `webhook-signature` over a body of {bytes} bytes"
    );
    assert_unproven(&project, &forged, &expected);
    let stale = kit.post_with(sign(-400, &body("D")), body("D")).await;
    assert_unproven(&project, &stale, "s behind our clock, at most 300 s are allowed");
    let future = kit.post_with(sign(400, &body("D")), body("D")).await;
    assert_unproven(&project, &future, "s ahead of our clock, at most 300 s are allowed");
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut headers = sign(0, &body("D"));
        headers.remove(name);
        let missing = kit.post_with(headers, body("D")).await;
        assert_unproven(&project, &missing, &format!("standard-webhooks: the header `{name}` is missing"));
    }
}

#[tokio::test]
async fn the_window_is_as_wide_as_it_is_said_to_be() {
    let variables = [("KIT_INGESTION_PORT_SECRET", SECRET), ("KIT_INGESTION_WINDOW", "1h")];
    let project = project("port", &variables);
    let kit = project.start(&["dev"]);
    let sign = |seconds: i64, body: &[u8]| Rule::port().sign(&mac_keys(SECRET), at(seconds), body);
    kit.post_with(sign(-3_500, &body("A")), body("A")).await.assert_new();
    let stale = kit.post_with(sign(-3_700, &body("B")), body("B")).await;
    assert_unproven(&project, &stale, "s behind our clock, at most 3600 s are allowed");
    let other = Rule::port().sign(&mac_keys("another"), at(0), &body("B"));
    let forged = kit.post_with(other, body("B")).await;
    assert_unproven(&project, &forged, "port: none of 1 secret(s) fits the signature in `x-port-signature`");
}

#[tokio::test]
async fn the_first_scheme_that_accepts_wins_and_a_refusal_tells_of_all() {
    let variables = [
        ("KIT_INGESTION_SHOPIFY_SECRET", SECRET),
        ("KIT_INGESTION_GITHUB_SECRET", r#"["a new one","a shared secret of thirty bytes"]"#),
        ("KIT_INGESTION_STRIPE_SECRET", SECRET),
        ("KIT_INGESTION_HMAC_SECRET", SECRET),
        ("KIT_INGESTION_HMAC_HEADER", "x-slip"),
        ("KIT_INGESTION_HMAC_TIMESTAMP_HEADER", "x-slip-time"),
        ("KIT_INGESTION_HMAC_TEMPLATE", "v0:{timestamp}:{body}"),
        ("KIT_INGESTION_HMAC_PREFIX", "v0="),
        ("KIT_INGESTION_HMAC_ENCODING", "base64url"),
    ];
    let project = project("shopify,github,stripe,hmac", &variables);
    let kit = project.start(&["dev"]);
    let slip = Rule {
        scheme: "hmac",
        header: "x-slip".parse().unwrap(),
        prefix: "v0=".to_owned(),
        encoding: Encoding::Base64Url,
        timestamp: Some("x-slip-time".parse().unwrap()),
        template: schemes::signature::Template::parse("v0:{timestamp}:{body}").unwrap(),
    };
    for (uid, rule) in [("A", Rule::shopify()), ("B", Rule::github()), ("C", slip)] {
        let signed = rule.sign(&mac_keys(SECRET), at(0), &body(uid));
        kit.post_with(signed.clone(), body(uid)).await.assert_new();
        let forged = kit.post_with(signed, body("D")).await;
        let reason = format!("{}: none of ", rule.scheme);
        assert_unproven(&project, &forged, &reason);
    }
    let none = kit.post_with(HeaderMap::new(), body("D")).await;
    let reason = "shopify: the header `x-shopify-hmac-sha256` is missing; \
        github: the header `x-hub-signature-256` is missing; \
        stripe: the header `stripe-signature` is missing; hmac: the header `x-slip` is missing";
    assert_unproven(&project, &none, reason);
}

#[tokio::test]
async fn a_chunked_body_is_signed_as_a_whole() {
    let project = project("github", &[("KIT_INGESTION_GITHUB_SECRET", SECRET)]);
    let kit = project.start(&["dev"]);
    let signed = Rule::github().sign(&mac_keys(SECRET), at(0), &body("A"));
    let signature = signed["x-hub-signature-256"].to_str().unwrap();
    let mut request = format!(
        "POST {} HTTP/1.1\r\nHost: kit\r\nX-Hub-Signature-256: {signature}\r\nTransfer-Encoding: chunked\r\n\r\n",
        super::WEBHOOK
    )
    .into_bytes();
    for chunk in body("A").chunks(7) {
        request.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    let (status, _, answer) = kit.raw(&request);
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn a_check_of_the_settings_names_who_may_send() {
    let variables = [
        ("KIT_INGESTION_PORT_SECRET", SECRET),
        ("KIT_INGESTION_API_KEY_SECRET", SECRET),
        ("KIT_INGESTION_IPS", "192.0.2.0/24,2001:db8::1"),
    ];
    let project = project("port,api-key", &variables);
    let output = project.run(&["check"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let expected = "the ingestion webhook takes events that `port` or `api-key` accepts, \
        when they come from 192.0.2.0/24 or 2001:db8::1/128\n";
    assert!(printed.contains(expected) && !printed.contains(SECRET), "{printed}");
    let output = project.with("KIT_INGESTION_PORT_SECRET", "").run(&["check", "--json"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("KIT_INGESTION_PORT_SECRET") && !printed.contains(SECRET), "{printed}");
}
