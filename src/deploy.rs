//! From the manifest and the table of functions to deployed actions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adobe::{Bearer, Clock, Commerce, Governor, Limits, Pool};
use async_trait::async_trait;
use engine::{Deployed, Registry};
use sdk::{Call, Entry, Inputs, Reply, Stop, TargetPort, Targets};
use secrecy::SecretString;
use settings::{Action, Fault, Manifest, Web, nearest};

/// The input by which an action says that it calls Commerce.
const COMMERCE_BASE_URL: &str = "COMMERCE_BASE_URL";
const COMMERCE_ACCESS_TOKEN: &str = "COMMERCE_ACCESS_TOKEN";

/// The Commerce of actions whose inputs name none: the sandbox.
#[derive(Debug)]
pub struct Fallback {
    pub base_url: String,
    pub token: SecretString,
}

/// What is wrong between the manifest and the table in `actions/lib.rs`.
pub fn faults(manifest: &Manifest) -> Vec<Fault> {
    let table = actions::table();
    let mut faults: Vec<Fault> = table
        .twice()
        .iter()
        .map(|function| Fault {
            at: None,
            key: (*function).to_owned(),
            problem: "stands twice in the table of `actions/lib.rs`".to_owned(),
            hint: "leave one line for each function".to_owned(),
        })
        .collect();
    let entries = table.into_entries();
    // Without a function an action has a fault already.
    for action in manifest.actions.iter().filter(|action| !action.function.is_empty()) {
        let fault = |member: &str, problem: String, hint: String| Fault {
            at: Some(action.at.clone()),
            key: format!("packages.{}.actions.{}.{member}", action.package, action.name),
            problem,
            hint,
        };
        match (entries.get(action.function.as_str()), action.web) {
            (None, _) => faults.push(fault(
                "function",
                format!("the function `{}` is not in the table of `actions/lib.rs`", action.function),
                unknown_function(&action.function, &entries),
            )),
            (Some(Entry::Event(_)), Web::Yes | Web::Raw) => faults.push(fault(
                "web",
                "this function runs on events, so it cannot be a web action".to_owned(),
                "set `web: 'no'`".to_owned(),
            )),
            (Some(Entry::Web(web)), _) => {
                if let Err(problem) = web.check_inputs(&inputs(action)) {
                    faults.push(fault("inputs", problem, "mend the input or leave it out".to_owned()));
                }
            }
            (Some(Entry::Event(_)), Web::No) => {}
        }
    }
    faults
}

fn unknown_function(function: &str, entries: &BTreeMap<&str, Entry>) -> String {
    let known: Vec<&str> = entries.keys().copied().collect();
    let meant = nearest(function, &known).map(|near| format!("did you mean `{near}`? Otherwise ")).unwrap_or_default();
    format!("{meant}write `actions/{function}.rs` and add its line to the table")
}

/// Deploys every action of a manifest without faults.
pub fn deploy(manifest: &Manifest, pool: &Pool, fallback: Option<&Fallback>) -> Registry {
    let entries: BTreeMap<&str, Arc<Entry>> =
        actions::table().into_entries().into_iter().map(|(name, entry)| (name, Arc::new(entry))).collect();
    let deployed = manifest.actions.iter().filter_map(|action| {
        let entry = entries.get(action.function.as_str())?;
        Some(Deployed {
            name: action.full_name().into(),
            entry: Arc::clone(entry),
            targets: targets(action, pool, fallback),
            inputs: Arc::new(inputs(action)),
            timeout: Duration::from_millis(action.limits.timeout_ms),
            is_web: !matches!(action.web, Web::No),
        })
    });
    deployed.collect()
}

fn inputs(action: &Action) -> Inputs {
    Inputs::new(action.inputs.clone())
}

fn targets(action: &Action, pool: &Pool, fallback: Option<&Fallback>) -> Targets {
    Targets {
        commerce: commerce(action, pool, fallback),
        graphql: Arc::new(NoCommerce),
        backoffice: Arc::new(NoCommerce),
    }
}

/// The Commerce that an action's inputs name.
fn commerce(action: &Action, pool: &Pool, fallback: Option<&Fallback>) -> Arc<dyn TargetPort> {
    let inputs = inputs(action);
    let named = inputs.text(COMMERCE_BASE_URL).map(|base_url| {
        let token = SecretString::from(inputs.text(COMMERCE_ACCESS_TOKEN).unwrap_or_default());
        (base_url, token)
    });
    let target = match (named, fallback) {
        (Some(named), _) => Some(named),
        (None, Some(fallback)) if action.inputs.contains_key(COMMERCE_BASE_URL) => {
            Some((fallback.base_url.as_str(), fallback.token.clone()))
        }
        (None, _) => None,
    };
    match target {
        Some((base_url, token)) => {
            let governor = Governor::new("commerce", Limits::default(), Clock::system());
            Arc::new(Commerce::new(pool.clone(), base_url, Arc::new(Bearer::new(token)), governor))
        }
        None => Arc::new(NoCommerce),
    }
}

/// Stands where an action calls Commerce without having said which.
#[derive(Debug)]
struct NoCommerce;

#[async_trait]
impl TargetPort for NoCommerce {
    async fn call(&self, _: Call) -> Result<Reply, Stop> {
        Err(Stop::park("this action calls Commerce, but has no input `COMMERCE_BASE_URL`"))
    }
}
