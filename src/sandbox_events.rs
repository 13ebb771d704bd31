//! The events of the sandbox Commerce: where it publishes them, and how `kit dev` sets it up as `kit onboard` and
//! `kit subscribe` do with a real one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::http::Method;
use events_api::Identity;
use sandbox::{Eventing, Refused, Sandbox};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use settings::{Environment, Role};
use store::Provider;
use tracing::warn;

use crate::compose::Kit;
use crate::dev_client::DevClient;
use crate::project::Project;
use crate::vault::SandboxSeal;

/// Commerce sends once a minute; here nobody wants to wait.
const INTERVAL: Duration = Duration::from_secs(1);

/// The provider whose events Commerce publishes.
const PROVIDER_KEY: &str = "commerce";

const SUBSCRIPTIONS_FILE: &str = "commerce-event-subscribe.json";

/// What an OAuth client of the Console usually has.
const SCOPES: [&str; 6] = [
    "AdobeID",
    "openid",
    "read_organizations",
    "additional_info.projectedProductContext",
    "additional_info.roles",
    "adobeio_api",
];

/// The eventing module of the sandbox Commerce, unless it is to have none. It publishes at our own events service, or where
/// our own events go.
///
/// # Errors
/// The keys that secrets are sealed with cannot be used.
pub fn eventing(project: &Project, address: SocketAddr) -> anyhow::Result<Option<Eventing>> {
    let environment = &project.environment;
    if !environment.sandbox_has_events {
        return Ok(None);
    }
    let (ingress_url, token_url) = if let Some(client) = &environment.events.client {
        (client.ingress_url.clone(), client.token_url.clone())
    } else {
        let base = format!("{}://{address}", environment.scheme());
        (base.clone(), format!("{base}/ims/token/v3"))
    };
    let seal = Arc::new(SandboxSeal::new(&environment.encryption_keys)?);
    Ok(Some(Eventing { ingress_url, token_url, interval: INTERVAL, seal: Some(seal) }))
}

/// Offers the client's `workspace.json`. Where this process has the events service and the actions, and no other Commerce,
/// the sandbox is configured and subscribed, too.
///
/// # Errors
/// The events service cannot be read, or the sandbox refuses its configuration.
pub async fn begin(kit: &Kit, project: &Project, client: &DevClient, address: SocketAddr) -> anyhow::Result<()> {
    let (Some(sandbox), Some(service)) = (&kit.sandbox, &kit.service) else { return Ok(()) };
    let base = format!("{}://{address}", project.environment.scheme());
    let workspace = workspace(client, &project.environment, service.identity(), &base).to_string();
    if is_set_up_by_itself(&project.environment) {
        let known = kit.store.catalogue().await.context("the events service cannot be read")?.providers;
        let shop = Shop { sandbox, project, known };
        shop.configure(&workspace)?;
        shop.subscribe();
    }
    sandbox.offer_workspace(SecretString::from(workspace));
    Ok(())
}

/// An events service alone has no actions that would take the events.
fn is_set_up_by_itself(environment: &Environment) -> bool {
    environment.sandbox_has_events && environment.role == Role::Kit && environment.commerce.is_none()
}

/// The sandbox Commerce while it is set up.
struct Shop<'a> {
    sandbox: &'a Sandbox,
    project: &'a Project,
    /// What the events service has.
    known: Vec<Provider>,
}

impl Shop<'_> {
    /// Anew at every start: the client may have another secret.
    fn configure(&self, workspace: &str) -> anyhow::Result<()> {
        let Some(provider) = self.provider(PROVIDER_KEY) else {
            warn!("no registration takes events of `{PROVIDER_KEY}`, so the sandbox Commerce sends none");
            return Ok(());
        };
        let configuration = json!({"config": {
            "enabled": true,
            "merchant_id": "sandbox",
            "environment_id": "dev",
            "provider_id": provider.id,
            "instance_id": provider.instance_id,
            "workspace_configuration": workspace,
        }});
        self.call(&Method::PUT, "eventing/updateConfiguration", &configuration)
            .context("the events of the sandbox Commerce cannot be configured")
    }

    /// What the file lists, as it lists it now. What is wrong in it keeps nobody from starting; `kit check` tells.
    fn subscribe(&self) {
        let file = self.project.config_folder().join(SUBSCRIPTIONS_FILE);
        let read = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        let subscriptions = read.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        let subscriptions: Vec<Value> = match subscriptions {
            Ok(subscriptions) => subscriptions,
            Err(error) => {
                warn!(file = SUBSCRIPTIONS_FILE, error, "the sandbox Commerce is not subscribed");
                return;
            }
        };
        for subscription in subscriptions {
            let name = subscription.pointer("/event/name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Err(error) = self.subscribe_one(&name, subscription) {
                let error = format!("{error:#}");
                warn!(file = SUBSCRIPTIONS_FILE, event = name, error, "the sandbox Commerce does not send this event");
            }
        }
    }

    fn subscribe_one(&self, name: &str, mut subscription: Value) -> anyhow::Result<()> {
        let event = subscription.get_mut("event").and_then(Value::as_object_mut).context("there is no `event`")?;
        if let Some(key) = event.remove("provider") {
            let key = key.as_str().context("`provider` is no text")?;
            event.insert("provider_id".to_owned(), self.offer(key)?.into());
        }
        // A name is subscribed once; that there was none before is no fault.
        let _ = self.call(&Method::POST, &format!("eventing/eventUnsubscribe/{name}"), &Value::Null);
        Ok(self.call(&Method::POST, "eventing/eventSubscribe", &subscription)?)
    }

    /// Makes the provider of this key known to Commerce, unless it is the default one; gives its id.
    fn offer(&self, key: &str) -> anyhow::Result<&str> {
        let provider = self.provider(key).with_context(|| format!("no registration takes events of `{key}`"))?;
        if key != PROVIDER_KEY {
            let Provider { id, instance_id, label, description, .. } = provider;
            let made = json!({"eventProvider": {
                "provider_id": id, "instance_id": instance_id, "label": label, "description": description,
            }});
            // It may be known already; a subscription is refused when it is not.
            let _ = self.call(&Method::POST, "eventing/eventProvider", &made);
        }
        Ok(&provider.id)
    }

    /// As the events service has it.
    fn provider(&self, key: &str) -> Option<&Provider> {
        let wanted = self.project.desired.providers.iter().find(|provider| provider.key == key)?;
        self.known.iter().find(|known| known.label == wanted.label)
    }

    fn call(&self, method: &Method, path: &str, body: &Value) -> Result<(), Refused> {
        self.sandbox.manage_events(method, path, body)
    }
}

/// The client in the form of the file that the Console gives for download.
fn workspace(client: &DevClient, environment: &Environment, identity: &Identity, base: &str) -> Value {
    let secrets = client.secrets(&environment.events.service);
    let secrets: Vec<&str> = secrets.into_iter().map(ExposeSecret::expose_secret).collect();
    let credential = &client.credential;
    let account = format!("{}@techacct.adobe.com", credential.id);
    json!({"project": {
        "id": identity.project_id,
        "name": "kit",
        "title": "Commerce ingestion starter kit",
        "org": {"id": identity.consumer_id, "name": "kit", "ims_org_id": identity.ims_org_id},
        "workspace": {
            "id": identity.workspace_id,
            "name": "Stage",
            "title": "Stage",
            "action_url": base,
            "app_url": base,
            "details": {
                "credentials": [{
                    "id": credential.id,
                    "name": credential.name,
                    "integration_type": "oauth_server_to_server",
                    "oauth_server_to_server": {
                        "client_id": credential.client_id,
                        "client_secrets": secrets,
                        "technical_account_email": account,
                        "technical_account_id": account,
                        "scopes": SCOPES,
                    },
                }],
                "services": [{"code": "AdobeIOManagementAPISDK", "name": "I/O Management API"}],
                "runtime": {"namespaces": [{"name": environment.namespace}]},
                "events": {"registrations": []},
            },
        },
    }})
}
