//! From where events may come, what proxies are believed, and what a flood of strangers leaves.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{SECRET, assert_unproven, body, headers, project};

#[tokio::test]
async fn only_the_networks_that_are_named_may_send() {
    let inside = project("none", &[("KIT_INGESTION_IPS", "192.0.2.0/24,127.0.0.0/8")]);
    inside.start(&["dev"]).post_with(HeaderMap::new(), body("A")).await.assert_new();
    let outside = project("none", &[("KIT_INGESTION_IPS", "192.0.2.0/24")]);
    let kit = outside.start(&["dev"]);
    let text = "the address 127.0.0.1 is in none of the networks of `KIT_INGESTION_IPS`";
    assert_unproven(&outside, &kit.post_with(HeaderMap::new(), body("A")).await, text);
    // Nobody is a proxy, so nobody's word counts.
    let claimed = kit.post_with(headers(&[("x-forwarded-for", "192.0.2.7")]), body("A")).await;
    assert_unproven(&outside, &claimed, text);
}

#[tokio::test]
async fn behind_proxies_the_rightmost_stranger_is_who_sends() {
    let variables = [("KIT_INGESTION_IPS", "192.0.2.0/24"), ("KIT_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")];
    let project = project("none", &variables);
    let kit = project.start(&["dev"]);
    let send = async |chain: &str, uid: &str| kit.post_with(headers(&[("x-forwarded-for", chain)]), body(uid)).await;
    send("192.0.2.7", "A").await.assert_new();
    send("198.51.100.1, 192.0.2.7, 10.0.0.1", "B").await.assert_new();
    let text = "the address 198.51.100.1 is in none of the networks";
    assert_unproven(&project, &send("192.0.2.7, 198.51.100.1", "C").await, text);
    assert_unproven(&project, &send("192.0.2.7, nobody", "C").await, "nobody can tell the address");
    let direct = kit.post_with(HeaderMap::new(), body("C")).await;
    assert_unproven(&project, &direct, "the address 127.0.0.1 is in none of the networks");
}

#[tokio::test]
async fn a_certificate_counts_when_a_trusted_proxy_names_it() {
    let allowed = ("KIT_INGESTION_CLIENT_CERTIFICATE_ALLOWED", r#"["CN=erp,O=Example","CN=shop"]"#);
    let trusting = project("client-certificate", &[allowed, ("KIT_TRUSTED_PROXIES", "127.0.0.1")]);
    let kit = trusting.start(&["dev"]);
    let named = |subject: &str| headers(&[("x-client-certificate", subject)]);
    kit.post_with(named("CN=erp,O=Example"), body("A")).await.assert_new();
    let other = kit.post_with(named("CN=erp"), body("B")).await;
    let text = "client-certificate: the header `x-client-certificate` names none of 2 certificate(s)";
    assert_unproven(&trusting, &other, text);
    let elsewhere = project("client-certificate", &[allowed, ("KIT_TRUSTED_PROXIES", "10.0.0.0/8")]);
    let kit = elsewhere.start(&["dev"]);
    let past = kit.post_with(named("CN=erp,O=Example"), body("A")).await;
    assert_unproven(&elsewhere, &past, "it does not come from one of the proxies of `KIT_TRUSTED_PROXIES`");
}

#[tokio::test]
async fn a_flood_of_strangers_leaves_few_activations() {
    let project = project("api-key", &[("KIT_INGESTION_API_KEY_SECRET", SECRET)]);
    let kit = project.start(&["dev"]);
    let begun = std::time::Instant::now();
    for _ in 0..1_500 {
        assert_eq!(kit.post("{}").await.status, 401);
    }
    let counted = project.run(&["activation", "list", "--action", "ingestion/webhook", "--count", "--json"]);
    let counted: Value = serde_json::from_slice(&counted.stdout).unwrap();
    let recorded = counted["activations"].as_u64().unwrap();
    let most = 1_000 + 10 * (begun.elapsed().as_secs() + 1);
    assert!((1_000..=most).contains(&recorded), "{recorded}, at most {most}");
    let metrics = kit.get("/metrics").await.text;
    let line = format!("kit_refusals_not_recorded_total {}", 1_500 - recorded);
    assert!(metrics.lines().any(|found| found == line), "no `{line}` in:\n{metrics}");
    kit.post_with(headers(&[("x-api-key", SECRET)]), body("A")).await.assert_new();
}
