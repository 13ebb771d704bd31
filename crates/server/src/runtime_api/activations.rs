//! What became of runs. All are kept, whatever `X-OW-EXTRA-LOGGING` asks for.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine::record::{self, About, Kind};
use http::Uri;
use sdk::ActivationId;
use serde_json::{Value, json};
use store::{Activation, Filter};
use uuid::Uuid;

use super::query::{self, Query};
use super::{Api, Refused};

/// Logs that whole records in a list bring along; those beyond are asked for one by one.
const LISTED_LOG_BYTES_MAX: usize = 8 << 20;

/// Stands where the logs would be that are beyond it.
const LOGS_LEFT_OUT: &str = "left out of this list; ask for the logs of this activation";

/// `GET /namespaces/{ns}/activations`, newest first.
pub(super) async fn list(State(api): State<Api>, uri: Uri) -> Result<Response, Refused> {
    let asked = query::Activations::of(&Query::of(&uri)?)?;
    let filter = Filter {
        limit: asked.page.limit,
        skip: asked.page.skip,
        action: asked.name,
        since: asked.since,
        upto: asked.before,
        ..Filter::default()
    };
    if asked.page.is_count {
        let count = api.store.count_activations(filter).await?;
        return Ok(Json(json!({"activations": count.saturating_sub(asked.page.skip as u64)})).into_response());
    }
    let mut activations = api.store.activations(filter).await?;
    if asked.has_docs {
        bring_logs(&api, &mut activations).await?;
    }
    let causes = causes(&api, &activations).await?;
    let told = activations.iter().map(|activation| {
        let cause = activation.cause.and_then(|cause| causes.get(&cause));
        let about = about(&api, activation, cause.map(String::as_str));
        if asked.has_docs { record::record(activation, &about) } else { record::summary(activation, &about) }
    });
    Ok(Json(told.collect::<Value>()).into_response())
}

/// `GET /namespaces/{ns}/activations/{id}`: the whole record.
pub(super) async fn get(State(api): State<Api>, Path((_, id)): Path<(String, String)>) -> Result<Response, Refused> {
    let activation = find(&api, &id).await?;
    let causes = causes(&api, std::slice::from_ref(&activation)).await?;
    let about = about(&api, &activation, causes.values().next().map(String::as_str));
    Ok(Json(record::record(&activation, &about)).into_response())
}

/// `GET /namespaces/{ns}/activations/{id}/logs`.
pub(super) async fn logs(State(api): State<Api>, Path((_, id)): Path<(String, String)>) -> Result<Response, Refused> {
    Ok(Json(record::logs(&find(&api, &id).await?)).into_response())
}

/// `GET /namespaces/{ns}/activations/{id}/result`.
pub(super) async fn result(State(api): State<Api>, Path((_, id)): Path<(String, String)>) -> Result<Response, Refused> {
    Ok(Json(record::response(&find(&api, &id).await?)).into_response())
}

async fn find(api: &Api, id: &str) -> Result<Activation, Refused> {
    let id: ActivationId = id.parse().map_err(|_| Refused::bad("an activation id has 32 hex digits"))?;
    api.store.activation(id.uuid()).await?.ok_or_else(Refused::unknown)
}

/// Lists are read without logs.
async fn bring_logs(api: &Api, activations: &mut [Activation]) -> Result<(), Refused> {
    let mut bytes = 0;
    for activation in activations {
        if bytes > LISTED_LOG_BYTES_MAX {
            activation.logs = Some(LOGS_LEFT_OUT.into());
            continue;
        }
        let whole = api.store.activation(activation.id).await?;
        activation.logs = whole.and_then(|whole| whole.logs);
        bytes += activation.logs.as_ref().map_or(0, |logs| logs.len());
    }
    Ok(())
}

/// The actions whose runs caused these, where they may have been sequences: whoever runs on an event has a consumer or
/// nobody for its cause.
async fn causes(api: &Api, activations: &[Activation]) -> Result<BTreeMap<Uuid, String>, Refused> {
    let mut causes = BTreeMap::new();
    let in_question = activations.iter().filter(|activation| activation.event.is_none());
    for cause in in_question.filter_map(|activation| activation.cause) {
        if !causes.contains_key(&cause)
            && let Some(activation) = api.store.activation(cause).await?
        {
            causes.insert(cause, activation.action);
        }
    }
    Ok(causes)
}

fn about<'a>(api: &'a Api, activation: &Activation, cause: Option<&str>) -> About<'a> {
    let registry = api.runner.registry();
    let is_sequence = |name: &str| registry.get(name).is_some_and(|deployed| deployed.kind() == Kind::Sequence);
    let about = About::of(api.namespace(), registry.get(&activation.action));
    About { in_sequence: cause.is_some_and(is_sequence), ..about }
}
