use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use crate::{Face, answer, operators};

/// `GET /schemas/{event_code}.json`: the JSON Schema of an event's value.
pub(crate) async fn schema(
    State(face): State<Face>,
    headers: HeaderMap,
    file: Result<Path<String>, PathRejection>,
) -> Response {
    if !face.operators.admits(&headers) {
        return operators::refusal();
    }
    // What is not text names nothing.
    let Ok(Path(file)) = file else { return answer::not_found().await };
    match file.strip_suffix(".json").and_then(|code| face.schemas.schema(code)) {
        Some(schema) => Json(schema).into_response(),
        None => answer::not_found().await,
    }
}
