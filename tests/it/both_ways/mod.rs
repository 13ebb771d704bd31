//! Every event in both directions through the real program: a back office posts to the ingestion webhook, Commerce
//! publishes CloudEvents with a token; the sandbox's Commerce and ERP show what came of it.

mod echoes;
mod samples;
mod targets;
mod upstream;

use serde_json::{Value, json};

use crate::support::{Answer, Project, Server, TOKEN};

const CLIENT: &str = "client-of-the-shop";
const SECRET: &str = "secret-of-the-shop";

const SAVED: &str = "com.adobe.commerce.observer.catalog_product_save_commit_after";
const DELETED: &str = "com.adobe.commerce.observer.catalog_product_delete_commit_after";

/// A project whose events service knows Commerce's client.
fn project() -> Project {
    let variables = [("OAUTH_CLIENT_ID", CLIENT), ("OAUTH_CLIENT_SECRET", SECRET), ("IO_CONSUMER_ID", "4711")];
    variables.iter().fold(Project::new(), |project, (name, value)| project.with(name, value))
}

/// Commerce as it publishes: with a token, as a provider of the events service.
struct Shop<'a> {
    kit: &'a Server,
    token: String,
    source: String,
}

impl<'a> Shop<'a> {
    async fn of(kit: &'a Server) -> Self {
        let form =
            format!("grant_type=client_credentials&client_id={CLIENT}&client_secret={SECRET}&scope=openid,adobeio_api");
        let request = kit.client.post(kit.url("/ims/token/v3")).body(form);
        let granted = Answer::of(request.header("content-type", "application/x-www-form-urlencoded")).await;
        let token = granted.body["access_token"].as_str().unwrap().to_owned();
        let request = kit.client.get(kit.url("/events/4711/providers")).bearer_auth(&token);
        let providers = Answer::of(request.header("x-api-key", CLIENT)).await;
        let providers = providers.body["_embedded"]["providers"].as_array().unwrap().clone();
        let is_commerce = |provider: &&Value| provider["label"].as_str().unwrap().starts_with("Commerce Provider");
        let provider = providers.iter().find(is_commerce).unwrap();
        let source = format!("urn:uuid:{}", provider["id"].as_str().unwrap());
        Self { kit, token, source }
    }

    /// Publishes what Commerce would: `value` in the envelope of its events.
    async fn publish(&self, id: &str, code: &str, value: &Value) {
        let data = json!({"key": id, "source": "shop.test", "value": value, "_metadata": {"storeId": "1"}});
        self.publish_data(id, code, &data).await;
    }

    async fn publish_data(&self, id: &str, code: &str, data: &Value) {
        let event = json!({
            "specversion": "1.0", "id": id, "source": self.source, "type": code,
            "datacontenttype": "application/json", "data": data,
        });
        let request = self.kit.client.post(self.kit.url("/")).bearer_auth(&self.token).header("x-api-key", CLIENT);
        let request = request.header("content-type", "application/cloudevents+json").body(event.to_string());
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

impl Server {
    /// What the sandbox has below `V1/`.
    async fn commerce(&self, path: &str) -> Answer {
        let url = self.url(&format!("/sandbox/commerce/rest/V1/{path}"));
        Answer::of(self.client.get(url).bearer_auth(TOKEN)).await
    }

    /// What the ERP has.
    async fn erp(&self, path: &str) -> Answer {
        self.get(&format!("/sandbox/erp/{path}")).await
    }

    /// The calls that the ERP took below this path, but for reads.
    async fn erp_calls(&self, path: &str) -> Vec<Value> {
        let calls = self.get(&format!("/sandbox/erp/calls?path={path}")).await.body;
        calls.as_array().unwrap().iter().filter(|call| call["method"] != "GET").cloned().collect()
    }

    /// Waits until the ERP has taken this many calls below a path.
    async fn erp_calls_reach(&self, path: &str, count: usize) -> Vec<Value> {
        self.until(&format!("{count} calls to `{path}` of the ERP"), || async {
            let calls = self.erp_calls(path).await;
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

/// The newest runs of an action, once there are this many.
async fn runs(project: &Project, kit: &Server, action: &str, count: usize) -> Vec<Value> {
    kit.until(&format!("{count} runs of `{action}`"), || async {
        let output = project.run(&["activation", "list", "--action", action, "--json"]);
        let runs: Vec<Value> = serde_json::from_slice(&output.stdout).ok()?;
        (runs.len() >= count).then_some(runs)
    })
    .await
}
