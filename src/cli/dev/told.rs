//! What `kit dev` prints when it answers: lines to copy.

use std::net::SocketAddr;

use events_api::Identity;
use secrecy::{ExposeSecret, SecretString};

use crate::cli::credential;
use crate::dev_client::DevClient;
use crate::runtime_auth::RuntimeUser;

/// How to send an event, and where it goes. `sandbox`: its REST API and token, when it stands in for Commerce.
pub fn what_to_try(address: SocketAddr, sandbox: Option<(&str, &SecretString)>) {
    println!("Send an event:");
    println!(
        r#"  curl --json '{{"data":{{"uid":"event_uid_1","event":"be-observer.catalog_product_create","value":{{"sku":"PRODUCT_SKU","name":"Product SKU","price":1,"description":"Product SKU description"}}}}}}' http://{address}/api/v1/web/ingestion/webhook"#
    );
    if let Some((url, token)) = sandbox {
        println!("See it in the sandbox Commerce (KIT_SANDBOX_TOKEN sets the token):");
        println!("  curl -H 'Authorization: Bearer {}' {url}V1/products/PRODUCT_SKU", token.expose_secret());
    }
    println!("See what ran:");
    println!("  cargo run -- activation list");
    println!();
}

/// How to use the runtime API.
pub fn runtime(address: SocketAddr, user: &RuntimeUser, namespace: &str) {
    println!("Ask the runtime API, as `aio rt` and the openwhisk client do:");
    if user.is_made {
        println!("  export AIO_runtime_apihost=http://{address} AIO_runtime_namespace={namespace}");
        println!("  export AIO_runtime_auth={}", user.auth.text().expose_secret());
    }
    println!(r#"  curl -u "$AIO_runtime_auth" http://{address}/api/v1/namespaces/_/actions"#);
    println!();
}

/// The client of our own events service, when its secret was made now.
pub fn client(client: &DevClient, identity: &Identity) {
    let Some(secret) = &client.secret else { return };
    println!("Publish as a client of the events service (kept in .env they stay the same):");
    for line in credential::lines(&client.credential, secret, identity) {
        println!("  {line}");
    }
    println!();
}

/// What goes into `.env` of a kit that has this one as its events API, Commerce and back office.
pub fn for_clients(
    address: SocketAddr,
    (commerce, token): (&str, &SecretString),
    client: &DevClient,
    identity: &Identity,
) {
    let token = token.expose_secret();
    println!("An events service, with a sandbox Commerce and ERP. For .env of a kit that is its client:");
    let settings = [
        ("KIT_BIND", "127.0.0.1:9081".to_owned()),
        ("KIT_EVENTS_API", "adobe".to_owned()),
        ("KIT_EVENTS_INGRESS_URL", format!("http://{address}/")),
        ("IO_MANAGEMENT_BASE_URL", format!("http://{address}/events/")),
        ("OAUTH_BASE_URL", format!("http://{address}/ims/token/")),
        ("COMMERCE_BASE_URL", commerce.to_owned()),
        ("COMMERCE_ACCESS_TOKEN", token.to_owned()),
        ("COMMERCE_ADOBE_IO_EVENTS_MERCHANT_ID", "sandbox".to_owned()),
        ("KIT_BACKOFFICE_URL", format!("http://{address}/sandbox/erp/")),
        ("KIT_OUTBOUND_ALLOW", address.ip().to_string()),
        ("KIT_JOURNAL_INTERVAL", "1s".to_owned()),
    ];
    for (name, value) in settings {
        println!("  {name}={value}");
    }
    // Whoever has set the secret knows it.
    for line in client.secret.iter().flat_map(|secret| credential::lines(&client.credential, secret, identity)) {
        println!("  {line}");
    }
    println!();
    if client.secret.is_some() {
        println!("A restart makes another secret and another token. To keep these, put into .env here, too:");
        println!("  KIT_SANDBOX_TOKEN={token}");
        println!("  and the lines above that begin with OAUTH_CLIENT_, OAUTH_ORG_ID and IO_..._ID");
        println!();
    }
    println!("Its workspace.json, as the Console would give it for download:");
    println!(
        "  (umask 077; curl -H 'Authorization: Bearer {token}' http://{address}/sandbox/workspace.json > onboarding/config/workspace.json)"
    );
    println!();
}
