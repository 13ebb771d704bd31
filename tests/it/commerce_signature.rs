//! Web actions that answer only what Commerce signed. The vectors were made by openssl, with keys that nobody has kept.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Answer, Project, Server};

const CHECK_STOCK: &str = "/api/v1/web/webhook/check-stock";
const CONFIG: &str = "actions/webhook/actions.config.yaml";
const SIGNATURE: &str = "x-adobe-commerce-webhook-signature";

fn vector(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/adobe/tests/vectors/commerce-signature");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The key as people write it into a variable of one line.
fn one_line(key: &str) -> String {
    vector(key).trim().replace('\n', r"\n")
}

/// A project that can serve, and in which `webhook/check-stock` demands no token.
fn project() -> Project {
    let project = Project::new()
        .with("KIT_INGESTION_AUTH", "none")
        .with("COMMERCE_BASE_URL", "http://127.0.0.1:1/rest/")
        .with("COMMERCE_ACCESS_TOKEN", "token-of-commerce")
        .with("KIT_BACKOFFICE_URL", "http://127.0.0.1:1/");
    annotate(&project, "require-adobe-auth: false");
    project
}

/// Puts this in place of the annotation that demands a token.
fn annotate(project: &Project, annotation: &str) {
    let config = project.read(CONFIG);
    assert!(config.contains("require-adobe-auth: true"), "{config}");
    project.write(CONFIG, &config.replace("require-adobe-auth: true", annotation));
}

async fn ask(kit: &Server, signatures: &[&str], body: impl Into<reqwest::Body>) -> Answer {
    let mut request = kit.client.post(kit.url(CHECK_STOCK)).header("content-type", "application/json");
    for signature in signatures {
        request = request.header(SIGNATURE, *signature);
    }
    Answer::of(request.body(body)).await
}

fn check_refused(project: &Project, answer: &Answer, reason: &str) {
    let id = answer.header("x-openwhisk-activation-id").unwrap();
    let message = format!("the request is not authorized; activation {id} says why");
    assert_eq!((answer.status, &answer.body), (401, &json!({"error": message, "code": id})), "{reason}");
    let shown = project.run(&["activation", "get", id, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["response"]["result"]["reason"], reason);
}

#[tokio::test]
async fn with_a_key_only_what_commerce_signed_is_answered() {
    let project = project().with("COMMERCE_WEBHOOKS_PUBLIC_KEY", &one_line("commerce.public.pem"));
    let kit = project.start(&["serve"]);
    let (cart, good) = (vector("cart.json"), vector("cart.signature"));
    // The stock cannot be read here, and then a cart is allowed.
    let answer = ask(&kit, &[&good], cart.clone()).await;
    assert_eq!((answer.status, answer.body), (200, json!({"op": "success"})));
    let empty = ask(&kit, &[&vector("empty.signature")], "").await;
    assert_eq!((empty.status, &empty.body["op"]), (200, &json!("exception")), "the action itself complains");

    let other = |bytes: usize| {
        format!(
            "`{SIGNATURE}` of 256 bytes does not fit the body of {bytes} bytes: another key signed it, or it was changed"
        )
    };
    let form = format!("`{SIGNATURE}` is no standard base64 of at most 1024 bytes");
    check_refused(&project, &ask(&kit, &[], cart.clone()).await, &format!("`{SIGNATURE}` is missing"));
    let twice = ask(&kit, &[&good, &good], cart.clone()).await;
    check_refused(&project, &twice, &format!("`{SIGNATURE}` is there more than once"));
    for text in ["", "not base64", good.trim_end_matches('=')] {
        check_refused(&project, &ask(&kit, &[text], cart.clone()).await, &form);
    }
    for name in ["cart.other-key.signature", "cart.raw-body.signature", "cart.sha1.signature", "empty.signature"] {
        check_refused(&project, &ask(&kit, &[&vector(name)], cart.clone()).await, &other(83));
    }
    check_refused(&project, &ask(&kit, &[&good], cart.replace("\"qty\":2", "\"qty\":1")).await, &other(83));
    check_refused(&project, &ask(&kit, &[&good], cart.trim_end().to_owned()).await, &other(82));
    check_refused(&project, &ask(&kit, &[&good], "").await, &other(0));
    let got = kit.client.get(kit.url(CHECK_STOCK)).header(SIGNATURE, &good);
    check_refused(&project, &Answer::of(got).await, &other(0));
}

#[tokio::test]
async fn a_key_counts_in_dev_too_and_without_one_nothing_is_signed() {
    let project = project().with("COMMERCE_WEBHOOKS_PUBLIC_KEY", &vector("commerce.public.pem"));
    let kit = project.start(&["dev"]);
    let cart = vector("cart.json");
    assert_eq!(ask(&kit, &[], cart.clone()).await.status, 401);
    assert_eq!(ask(&kit, &[&vector("cart.signature")], cart.clone()).await.status, 200);
    kit.kill();
    let kit = project.with("COMMERCE_WEBHOOKS_PUBLIC_KEY", "").start(&["serve"]);
    for signatures in [&[][..], &["nonsense"]] {
        assert_eq!(ask(&kit, signatures, cart.clone()).await.status, 200);
    }
}

#[tokio::test]
async fn signature_and_token_are_both_demanded_where_both_are_said() {
    let project = project().with("COMMERCE_WEBHOOKS_PUBLIC_KEY", &one_line("commerce.public.pem"));
    let config = project.read(CONFIG);
    project.write(CONFIG, &config.replace("require-adobe-auth: false", "require-adobe-auth: true"));
    let kit = project.start(&["serve"]);
    let unsigned = ask(&kit, &[], vector("cart.json")).await;
    check_refused(&project, &unsigned, &format!("`{SIGNATURE}` is missing"));
    let signed = ask(&kit, &[&vector("cart.signature")], vector("cart.json")).await;
    check_refused(&project, &signed, "`authorization` is missing");
}

#[test]
fn a_key_that_is_none_or_missing_is_a_fault_before_the_start() {
    let key = "packages.webhook.actions.check-stock.inputs.COMMERCE_WEBHOOKS_PUBLIC_KEY";
    for wrong in
        ["a-token", &one_line("short.public.pem"), &one_line("curve.public.pem"), &one_line("pkcs1.public.pem")]
    {
        let project = project().with("COMMERCE_WEBHOOKS_PUBLIC_KEY", wrong);
        for command in ["serve", "dev"] {
            let said = project.refusal(&[command]);
            assert!(
                said.contains(&format!("`{key}`: expected a public RSA key of 2048 to 8192 bits in PEM")),
                "{said}"
            );
            assert!(said.contains("hint: copy the public key") && !said.contains(wrong), "{said}");
        }
    }
    let project = Project::new();
    annotate(&project, "require-commerce-signature: true");
    let serve = project.run(&["check", "--serve"]);
    let said = String::from_utf8(serve.stderr).unwrap();
    assert!(said.contains(&format!("`{key}`: expected a public key beside the annotation")), "{said}");
    let dev = project.run(&["check"]);
    assert!(dev.status.success(), "on loopback nothing has to be signed: {dev:?}");
}
