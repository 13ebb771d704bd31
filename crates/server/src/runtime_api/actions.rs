//! Actions as they are deployed: lists and single ones.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine::record::{Kind, VERSION, told};
use engine::{Deployed, Web};
use http::Uri;
use serde_json::{Map, Value, json};

use super::query::{Page, Query};
use super::{Api, Refused};

/// The annotation whose value may be a secret that callers bring.
const WHISK_AUTH: &str = "require-whisk-auth";

/// The package of actions that are named without one.
pub(super) const DEFAULT_PACKAGE: &str = "default";

/// `GET /namespaces/{ns}/actions`.
pub(super) async fn list(State(api): State<Api>, uri: Uri) -> Result<Response, Refused> {
    let page = Page::of(&Query::of(&uri)?)?;
    Ok(listed(&api, page, api.runner.registry().all()))
}

/// `GET /namespaces/{ns}/actions/{package}/`.
pub(super) async fn list_package(
    State(api): State<Api>,
    Path((_, package)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Refused> {
    let page = Page::of(&Query::of(&uri)?)?;
    let of_package: Vec<&Deployed> =
        api.runner.registry().all().filter(|deployed| names(deployed).0 == package).collect();
    if of_package.is_empty() {
        return Err(Refused::unknown());
    }
    Ok(listed(&api, page, of_package.into_iter()))
}

fn listed<'a>(api: &Api, page: Page, deployed: impl Iterator<Item = &'a Deployed>) -> Response {
    if page.is_count {
        return Json(json!({"actions": deployed.skip(page.skip).count()})).into_response();
    }
    let stretch = deployed.skip(page.skip).take(page.limit);
    let stretch: Vec<Value> = stretch.map(|deployed| common(api, deployed).into()).collect();
    Json(stretch).into_response()
}

/// `GET /namespaces/{ns}/actions/{name}`: of the default package.
pub(super) async fn get(State(api): State<Api>, Path((_, name)): Path<(String, String)>) -> Result<Response, Refused> {
    described(&api, DEFAULT_PACKAGE, &name)
}

/// `GET /namespaces/{ns}/actions/{package}/{name}`.
pub(super) async fn get_of_package(
    State(api): State<Api>,
    Path((_, package, name)): Path<(String, String, String)>,
) -> Result<Response, Refused> {
    described(&api, &package, &name)
}

fn described(api: &Api, package: &str, name: &str) -> Result<Response, Refused> {
    let deployed = api.runner.registry().get(&format!("{package}/{name}")).ok_or_else(Refused::unknown)?;
    let mut action = common(api, deployed);
    action.insert("exec".to_owned(), exec(api, deployed));
    action.insert("parameters".to_owned(), parameters(deployed));
    Ok(Json(action).into_response())
}

/// What lists tell of an action.
pub(super) fn common(api: &Api, deployed: &Deployed) -> Map<String, Value> {
    let (package, name) = names(deployed);
    let members = [
        ("namespace", format!("{}/{package}", api.namespace()).into()),
        ("name", name.into()),
        ("version", VERSION.into()),
        ("publish", false.into()),
        ("exec", json!({"binary": deployed.kind() == Kind::Rust})),
        ("annotations", annotations(deployed)),
        ("limits", told(&deployed.limits)),
        ("updated", api.deployed_at.as_millisecond().into()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Package and action.
pub(super) fn names(deployed: &Deployed) -> (&str, &str) {
    deployed.name.split_once('/').unwrap_or((DEFAULT_PACKAGE, &deployed.name))
}

/// What runs. The code of an action is a part of the program: nobody reads it here.
fn exec(api: &Api, deployed: &Deployed) -> Value {
    let kind = deployed.kind();
    match kind {
        Kind::Rust => json!({"kind": kind.as_str(), "binary": true}),
        Kind::Sequence => {
            let names = deployed.components().iter().map(|name| format!("/{}/{name}", api.namespace()));
            json!({"kind": kind.as_str(), "binary": false, "components": names.collect::<Vec<_>>()})
        }
    }
}

/// Names only: an input is a credential more often than not.
fn parameters(deployed: &Deployed) -> Value {
    deployed.inputs.names().map(|name| json!({"key": name})).collect()
}

/// Those of the manifest over those that follow from how it is deployed.
fn annotations(deployed: &Deployed) -> Value {
    let mut annotations = Map::new();
    annotations.insert("web-export".to_owned(), deployed.is_web().into());
    annotations.insert("raw-http".to_owned(), (deployed.web == Web::Raw).into());
    annotations.insert("final".to_owned(), false.into());
    annotations.insert("exec".to_owned(), deployed.kind().as_str().into());
    for (name, value) in &*deployed.annotations {
        let is_secret = name == WHISK_AUTH && !value.is_boolean();
        annotations.insert(name.clone(), if is_secret { true.into() } else { value.clone() });
    }
    annotations.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}
