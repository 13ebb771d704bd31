//! The systems that actions call, as their inputs name them: Commerce, its GraphQL API, and the back office.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adobe::{
    ApiKey, Authorize, Backoffice, Basic, Bearer, ClientCredentials, Clock, Commerce, Governor, Graphql, Ims,
    ImsBearer, ImsSettings, Limits, NoCredentials, OAuth1, OAuth1Credentials, Pool, SettingsError,
};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use sdk::{Call, Reply, Stop, TargetPort, Targets};
use secrecy::SecretString;
use serde_json::Value;
use settings::{Action, BackofficeAuth, CommerceAuth, Fault, Manifest, Mode, TargetInputs, TargetLimits};

use crate::project::Project;

/// The inputs by which an action says that it calls these systems.
const COMMERCE_BASE_URL: &str = "COMMERCE_BASE_URL";
const BACKOFFICE_URL: &str = "KIT_BACKOFFICE_URL";

/// Headers that go along with every call to the back office.
const BACKOFFICE_HEADERS: &str = "BACKOFFICE_HEADERS";

/// A call that finds no place within this time gives way; its event is tried again.
const PLACE_WAIT: Duration = Duration::from_secs(20);

/// The targets of actions whose inputs name none: the sandbox.
#[derive(Debug)]
pub struct Fallback {
    pub token: SecretString,
    commerce_url: String,
    graphql_url: String,
    backoffice_url: String,
}

impl Fallback {
    /// The sandbox of the kit that listens here.
    pub fn sandbox(project: &Project, address: SocketAddr) -> Self {
        let base = format!("http://{address}/sandbox");
        Self {
            token: project.environment.sandbox_token.clone().unwrap_or_else(random_token),
            commerce_url: format!("{base}/commerce/rest/"),
            graphql_url: format!("{base}/commerce/graphql"),
            backoffice_url: format!("{base}/erp/"),
        }
    }

    /// Where the sandbox's REST API begins.
    pub fn commerce_url(&self) -> &str {
        &self.commerce_url
    }
}

fn random_token() -> SecretString {
    let half = || uuid::Uuid::new_v4().simple();
    let token = format!("{}{}", half(), half());
    redaction::process().learn(&token);
    SecretString::from(token)
}

/// In production nothing stands in for a back office that an action calls.
pub fn missing(manifest: &Manifest, mode: Mode) -> Option<Fault> {
    let names_none = |action: &Action| {
        let named = TargetInputs::of(&action.inputs).backoffice();
        action.inputs.contains_key(BACKOFFICE_URL) && matches!(named, Ok(None))
    };
    let is_missing = mode == Mode::Serve && manifest.actions.iter().any(names_none);
    is_missing.then(|| Fault {
        at: None,
        key: BACKOFFICE_URL.to_owned(),
        problem: "expected the base URL of the back office that events of Commerce go to, it is not set".to_owned(),
        hint: "such as `https://erp.example.com/api/`; without a back office take the `*-commerce` packages out of \
               app.config.yaml"
            .to_owned(),
    })
}

/// What is wrong with the inputs that name targets.
pub fn faults(manifest: &Manifest) -> Vec<Fault> {
    manifest.actions.iter().flat_map(action_faults).collect()
}

fn action_faults(action: &Action) -> Vec<Fault> {
    let inputs = TargetInputs::of(&action.inputs);
    let of_action = |fault: Fault| Fault {
        at: Some(action.at.clone()),
        key: format!("packages.{}.actions.{}.inputs.{}", action.package, action.name, fault.key),
        ..fault
    };
    let mut faults: Vec<Fault> = inputs.commerce().err().into_iter().flatten().map(of_action).collect();
    faults.extend(inputs.backoffice().err().into_iter().flatten().map(of_action));
    if let Err(problem) = headers(action) {
        let fault = Fault {
            at: None,
            key: BACKOFFICE_HEADERS.to_owned(),
            problem,
            hint: "write a map from header names to texts, such as `x-tenant: '7'`".to_owned(),
        };
        faults.push(of_action(fault));
    }
    faults
}

/// Makes the clients. What the same inputs name is one client, with one limit for all actions.
pub struct Clients<'a> {
    pool: &'a Pool,
    limits: TargetLimits,
    fallback: Option<&'a Fallback>,
    made: HashMap<String, Targets>,
    governors: HashMap<String, Arc<Governor>>,
}

impl<'a> Clients<'a> {
    pub fn new(pool: &'a Pool, limits: TargetLimits, fallback: Option<&'a Fallback>) -> Self {
        Self { pool, limits, fallback, made: HashMap::new(), governors: HashMap::new() }
    }

    /// The targets of an action.
    ///
    /// # Errors
    /// Its inputs lead to no usable client.
    pub fn of(&mut self, action: &Action) -> Result<Targets, SettingsError> {
        let named: BTreeMap<&String, &Value> = action.inputs.iter().filter(|(name, _)| names_target(name)).collect();
        let key = serde_json::to_string(&named).unwrap_or_default();
        if let Some(targets) = self.made.get(&key) {
            return Ok(targets.clone());
        }
        let inputs = TargetInputs::of(&action.inputs);
        let (commerce, graphql) = self.commerce(action, &inputs)?;
        let targets = Targets { commerce, graphql, backoffice: self.backoffice(action, &inputs)? };
        self.made.insert(key, targets.clone());
        Ok(targets)
    }

    fn commerce(&mut self, action: &Action, inputs: &TargetInputs) -> Result<(Port, Port), SettingsError> {
        let (base_url, graphql_url, authorize) = match (inputs.commerce().ok().flatten(), self.fallback) {
            (Some(named), _) => (named.base_url, named.graphql_url, commerce_auth(self.pool, named.auth)?),
            (None, Some(fallback)) if action.inputs.contains_key(COMMERCE_BASE_URL) => {
                let bearer: Arc<dyn Authorize> = Arc::new(Bearer::new(fallback.token.clone()));
                (fallback.commerce_url.clone(), fallback.graphql_url.clone(), bearer)
            }
            (None, _) => {
                let none: Port = Arc::new(NoTarget { name: "Commerce", input: COMMERCE_BASE_URL });
                return Ok((Arc::clone(&none), none));
            }
        };
        let governor = self.governor("commerce", &base_url);
        let commerce = Commerce::new(self.pool.clone(), &base_url, authorize, Arc::clone(&governor));
        Ok((Arc::new(commerce), Arc::new(Graphql::new(self.pool.clone(), &graphql_url, governor))))
    }

    fn backoffice(&mut self, action: &Action, inputs: &TargetInputs) -> Result<Port, SettingsError> {
        let (base_url, authorize) = match (inputs.backoffice().ok().flatten(), self.fallback) {
            (Some(named), _) => (named.base_url, self.backoffice_auth(named.auth)?),
            (None, Some(fallback)) if action.inputs.contains_key(BACKOFFICE_URL) => {
                let nothing: Arc<dyn Authorize> = Arc::new(NoCredentials);
                (fallback.backoffice_url.clone(), nothing)
            }
            (None, _) => return Ok(Arc::new(NoTarget { name: "the back office", input: BACKOFFICE_URL })),
        };
        let governor = self.governor("backoffice", &base_url);
        let headers = headers(action).unwrap_or_default();
        Ok(Arc::new(Backoffice::new(self.pool.clone(), &base_url, headers, authorize, governor)))
    }

    fn backoffice_auth(&self, auth: BackofficeAuth) -> Result<Arc<dyn Authorize>, SettingsError> {
        Ok(match auth {
            BackofficeAuth::None => Arc::new(NoCredentials),
            BackofficeAuth::ApiKey { header, key } => Arc::new(ApiKey::new(header, key)),
            BackofficeAuth::Basic { user, password } => Arc::new(Basic::new(&user, password)),
            BackofficeAuth::OAuth { token_url, client_id, client_secret, scopes } => {
                let settings = ImsSettings {
                    token_url,
                    client_id,
                    client_secrets: vec![client_secret],
                    org_id: None,
                    scopes: scopes.into_iter().collect(),
                };
                Arc::new(ClientCredentials::new(Arc::new(Ims::new(self.pool.clone(), settings, Clock::system())?)))
            }
        })
    }

    fn governor(&mut self, target: &'static str, base_url: &str) -> Arc<Governor> {
        let limits = Limits { concurrency: self.limits.concurrency, rate: self.limits.rate, wait: PLACE_WAIT };
        let make = || Governor::new(target, limits, Clock::system());
        Arc::clone(self.governors.entry(format!("{target} {base_url}")).or_insert_with(make))
    }
}

type Port = Arc<dyn TargetPort>;

/// The REST API of one Commerce store, for whoever calls it beside the actions.
///
/// # Errors
/// The settings lead to no usable client.
pub fn commerce(pool: &Pool, commerce: settings::Commerce) -> Result<Port, SettingsError> {
    let governor = Governor::new("commerce", Limits { wait: PLACE_WAIT, ..Limits::default() }, Clock::system());
    let authorize = commerce_auth(pool, commerce.auth)?;
    Ok(Arc::new(Commerce::new(pool.clone(), &commerce.base_url, authorize, governor)))
}

fn commerce_auth(pool: &Pool, auth: CommerceAuth) -> Result<Arc<dyn Authorize>, SettingsError> {
    Ok(match auth {
        CommerceAuth::Bearer(token) => Arc::new(Bearer::new(token)),
        CommerceAuth::OAuth1(integration) => {
            let credentials = OAuth1Credentials {
                consumer_key: integration.consumer_key,
                consumer_secret: integration.consumer_secret,
                access_token: integration.access_token,
                access_token_secret: integration.access_token_secret,
            };
            Arc::new(OAuth1::new(credentials, Clock::system()))
        }
        CommerceAuth::Ims { token_url, client_id, client_secrets, scopes, org_id } => {
            let settings = ImsSettings {
                token_url,
                client_id: client_id.clone(),
                client_secrets,
                org_id: org_id.clone(),
                scopes: vec![scopes],
            };
            let ims = Arc::new(Ims::new(pool.clone(), settings, Clock::system())?);
            Arc::new(ImsBearer::new(ims, &client_id, org_id.as_deref())?)
        }
    })
}

/// Whether an input has to do with targets.
fn names_target(input: &str) -> bool {
    ["COMMERCE_", "OAUTH_", "KIT_BACKOFFICE_"].iter().any(|prefix| input.starts_with(prefix))
        || input == BACKOFFICE_HEADERS
}

fn headers(action: &Action) -> Result<HeaderMap, String> {
    let named = match action.inputs.get(BACKOFFICE_HEADERS) {
        None => return Ok(HeaderMap::new()),
        Some(Value::Object(named)) => named,
        Some(_) => return Err("expected a map of headers".to_owned()),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        let header = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no name of a header"))?;
        let text = value.as_str().ok_or_else(|| format!("the header `{name}` has no text"))?;
        let text = HeaderValue::from_str(text)
            .map_err(|_| format!("the header `{name}` has characters that none can carry"))?;
        headers.insert(header, text);
    }
    Ok(headers)
}

/// Stands where an action calls a system without having said which.
#[derive(Debug)]
struct NoTarget {
    name: &'static str,
    input: &'static str,
}

#[async_trait]
impl TargetPort for NoTarget {
    async fn call(&self, _: Call) -> Result<Reply, Stop> {
        Err(Stop::park(format!("this action calls {}, but has no input `{}`", self.name, self.input)))
    }
}
