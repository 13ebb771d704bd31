//! The Console's `workspace.json`, of which the store needs the client's credentials.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

const SERVER_TO_SERVER: &str = "/project/workspace/details/credentials";
const ORGANISATION: &str = "/project/org/ims_org_id";
const SECRETS_MAX: usize = 10;
const SCOPES_MAX: usize = 100;

/// The OAuth client that publishes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    pub client_id: String,
    /// Any of them counts; while one takes the other's place there are two.
    pub client_secrets: Vec<String>,
    pub scopes: Vec<String>,
    pub ims_org_id: Option<String>,
}

impl Workspace {
    /// From the text of the file. The error says what is missing, and nothing of what is there.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let document: Value = serde_json::from_str(text).map_err(|_| "it is no JSON")?;
        let credentials = document.pointer(SERVER_TO_SERVER).and_then(Value::as_array);
        let credentials = credentials.ok_or("it has no `project.workspace.details.credentials`")?;
        let client = credentials.iter().find_map(|credential| credential.get("oauth_server_to_server"));
        let client = client.ok_or("its credentials have no `oauth_server_to_server`")?;
        let client_id = client.get("client_id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let client_secrets = texts(client.get("client_secrets"), SECRETS_MAX);
        if client_secrets.is_empty() {
            return Err("its client has no `client_secrets`");
        }
        Ok(Self {
            client_id: client_id.ok_or("its client has no `client_id`")?.to_owned(),
            client_secrets,
            scopes: texts(client.get("scopes"), SCOPES_MAX),
            ims_org_id: document.pointer(ORGANISATION).and_then(Value::as_str).map(ToOwned::to_owned),
        })
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

fn texts(value: Option<&Value>, count_max: usize) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).filter(|text| !text.is_empty()).take(count_max).map(ToOwned::to_owned).collect()
}
