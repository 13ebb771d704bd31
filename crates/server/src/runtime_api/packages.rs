//! Packages: what the names of actions begin with.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine::Deployed;
use engine::record::VERSION;
use http::Uri;
use serde_json::{Map, Value, json};

use super::actions::{self, names};
use super::query::{Page, Query};
use super::{Api, Refused};

/// `GET /namespaces/{ns}/packages`.
pub(super) async fn list(State(api): State<Api>, uri: Uri) -> Result<Response, Refused> {
    let page = Page::of(&Query::of(&uri)?)?;
    let packages = packages(&api);
    if page.is_count {
        return Ok(Json(json!({"packages": packages.keys().skip(page.skip).count()})).into_response());
    }
    let stretch = packages.keys().skip(page.skip).take(page.limit);
    let stretch: Vec<Value> = stretch.map(|name| common(&api, name).into()).collect();
    Ok(Json(stretch).into_response())
}

/// `GET /namespaces/{ns}/packages/{package}`.
pub(super) async fn get(State(api): State<Api>, Path((_, name)): Path<(String, String)>) -> Result<Response, Refused> {
    let packages = packages(&api);
    let deployed = packages.get(name.as_str()).ok_or_else(Refused::unknown)?;
    let of_package = deployed.iter().map(|deployed| Value::from(actions::common(&api, deployed)));
    let mut package = common(&api, &name);
    package.insert("actions".to_owned(), of_package.collect());
    package.insert("feeds".to_owned(), json!([]));
    package.insert("parameters".to_owned(), json!([]));
    Ok(Json(package).into_response())
}

/// `GET /namespaces/{ns}`: all that there is, by name.
pub(super) async fn all(State(api): State<Api>) -> Response {
    let actions = api.runner.registry().all().map(|deployed| Value::from(actions::common(&api, deployed)));
    let packages = packages(&api).into_keys().map(|name| Value::from(common(&api, name)));
    let (actions, packages): (Value, Value) = (actions.collect(), packages.collect());
    Json(json!({"actions": actions, "packages": packages, "triggers": [], "rules": []})).into_response()
}

fn packages(api: &Api) -> BTreeMap<&str, Vec<&Deployed>> {
    let mut packages: BTreeMap<&str, Vec<&Deployed>> = BTreeMap::new();
    for deployed in api.runner.registry().all() {
        packages.entry(names(deployed).0).or_default().push(deployed);
    }
    packages
}

fn common(api: &Api, name: &str) -> Map<String, Value> {
    let members = [
        ("namespace", api.namespace().into()),
        ("name", name.into()),
        ("version", VERSION.into()),
        ("publish", false.into()),
        ("annotations", json!([])),
        ("binding", json!({})),
        ("updated", api.deployed_at.as_millisecond().into()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
