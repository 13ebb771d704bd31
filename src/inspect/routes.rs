//! What a running kit answers to commands that ask it from elsewhere.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use engine::Clock;
use http::StatusCode;
use serde_json::{Value, json};
use server::RuntimeKey;
use store::{Reader, Store};
use tokio::sync::Semaphore;
use tracing::error;

use super::{LAST, Look, Refused, jobs};

/// Questions that are answered at the same time; others wait.
const AT_ONCE: usize = 4;

/// Stands for the namespace of whoever asks, and where a path has it.
const OWN_NAMESPACE: &str = "_";
const NAMESPACE_PLACE: usize = 4;

/// A replay names up to a thousand events.
const JOB_BYTES_MAX: usize = 256 * 1024;

/// What the answers are made of.
#[derive(Clone)]
pub struct Inspected {
    reader: Arc<Reader>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
}

type Asked<T> = Result<Query<T>, QueryRejection>;

impl Inspected {
    pub fn new(reader: Reader, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { reader: Arc::new(reader), store, clock, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Reads on a thread where that holds nobody up.
    async fn answer(self, look: Look) -> Response {
        let Ok(place) = self.places.acquire_owned().await else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "the kit stops", "ask again when it runs");
        };
        let now = self.clock.now();
        let read = tokio::task::spawn_blocking(move || {
            let answer = look.answer(&self.reader, now);
            drop(place);
            answer
        });
        match read.await {
            Ok(Ok(answer)) => Json(answer).into_response(),
            Ok(Err(wrong)) => refused(&wrong),
            Err(panicked) => refused(&panicked.into()),
        }
    }
}

/// The routes, for whoever has the key: they tell everything but secrets.
pub fn router(inspected: Inspected, key: &RuntimeKey) -> Router {
    let routes = Router::new()
        .route("/api/v1/namespaces/{namespace}/deliveries", get(deliveries))
        .route("/api/v1/namespaces/{namespace}/deliveries/{event}", get(delivery))
        .route("/api/v1/namespaces/{namespace}/events", get(events))
        .route("/api/v1/namespaces/{namespace}/events/{id}/trace", get(trace))
        .route("/api/v1/namespaces/{namespace}/registrations", get(registrations))
        .route("/api/v1/namespaces/{namespace}/journals", get(only_journal))
        .route("/api/v1/namespaces/{namespace}/journals/{registration}", get(journal))
        .route("/api/v1/namespaces/{namespace}/jobs", get(all_jobs).post(put_job))
        .route("/api/v1/namespaces/{namespace}/runs", get(runs))
        .route("/api/v1/namespaces/{namespace}/runs/{id}", get(run))
        .route("/api/v1/namespaces/{namespace}/runs/{id}/case", get(case))
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(JOB_BYTES_MAX))
        .route_layer(from_fn_with_state(key.clone(), in_namespace))
        .with_state(inspected);
    key.guard(routes)
}

async fn not_allowed() -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here", "commands GET, and POST to `jobs` only")
}

/// The key opens its own namespace and no other.
async fn in_namespace(State(key): State<RuntimeKey>, request: Request, next: Next) -> Response {
    let named = request.uri().path().split('/').nth(NAMESPACE_PLACE).unwrap_or_default();
    if named == OWN_NAMESPACE || named == key.namespace() {
        return next.run(request).await;
    }
    let told = "the key is not for this namespace";
    refusal(StatusCode::FORBIDDEN, told, "`_` is the namespace that a key is for")
}

async fn deliveries(State(inspected): State<Inspected>, query: Asked<super::deliveries::Query>) -> Response {
    asked(inspected, query, Look::Deliveries).await
}

async fn delivery(State(inspected): State<Inspected>, Path((_, event)): Path<(String, String)>) -> Response {
    inspected.answer(Look::Delivery(event)).await
}

async fn events(State(inspected): State<Inspected>, query: Asked<super::events::Query>) -> Response {
    asked(inspected, query, Look::Events).await
}

async fn trace(State(inspected): State<Inspected>, Path((_, id)): Path<(String, String)>) -> Response {
    inspected.answer(Look::Trace(id)).await
}

async fn registrations(State(inspected): State<Inspected>) -> Response {
    inspected.answer(Look::Registrations).await
}

async fn only_journal(State(inspected): State<Inspected>, query: Asked<super::journals::Query>) -> Response {
    asked(inspected, query, |query| Look::Journal(String::new(), query)).await
}

async fn journal(
    State(inspected): State<Inspected>,
    Path((_, registration)): Path<(String, String)>,
    query: Asked<super::journals::Query>,
) -> Response {
    asked(inspected, query, |query| Look::Journal(registration, query)).await
}

async fn runs(State(inspected): State<Inspected>, query: Asked<super::activations::Query>) -> Response {
    asked(inspected, query, Look::Activations).await
}

/// By its id, or the `last` of those that are meant.
async fn run(
    State(inspected): State<Inspected>,
    Path((_, id)): Path<(String, String)>,
    query: Asked<super::activations::Query>,
) -> Response {
    match id.parse::<sdk::ActivationId>() {
        Ok(id) => inspected.answer(Look::Activation(Some(id.uuid()), super::activations::Query::default())).await,
        Err(_) if id == LAST => asked(inspected, query, |query| Look::Activation(None, query)).await,
        Err(wrong) => unnamed(&wrong),
    }
}

fn unnamed(wrong: &impl ToString) -> Response {
    refusal(StatusCode::BAD_REQUEST, &wrong.to_string(), "`kit activation list` shows those that are kept")
}

async fn case(State(inspected): State<Inspected>, Path((_, id)): Path<(String, String)>) -> Response {
    match id.parse::<sdk::ActivationId>() {
        Ok(id) => inspected.answer(Look::Case(id.uuid())).await,
        Err(wrong) => unnamed(&wrong),
    }
}

async fn all_jobs(State(inspected): State<Inspected>) -> Response {
    inspected.answer(Look::Jobs).await
}

/// Takes work on. What the document says is judged when it is done.
async fn put_job(State(inspected): State<Inspected>, document: Result<Json<Value>, JsonRejection>) -> Response {
    let Ok(Json(document @ Value::Object(_))) = document else {
        let told = format!("a job is a JSON object of at most {JOB_BYTES_MAX} bytes");
        return refusal(StatusCode::BAD_REQUEST, &told, "such as {\"enable\": {\"registration\": \"NAME\"}}");
    };
    let job = jobs::new(&document, inspected.clock.now());
    match inspected.store.put_job(job.clone()).await {
        Ok(()) => (StatusCode::CREATED, Json(jobs::row(&job))).into_response(),
        Err(error) => refused(&error.into()),
    }
}

async fn asked<T>(inspected: Inspected, query: Asked<T>, look: impl FnOnce(T) -> Look) -> Response {
    match query {
        Ok(Query(query)) => inspected.answer(look(query)).await,
        Err(wrong) => {
            refusal(StatusCode::BAD_REQUEST, &wrong.body_text(), "does that kit have the version of this command?")
        }
    }
}

fn refused(wrong: &anyhow::Error) -> Response {
    let (status, told) = match wrong.downcast_ref() {
        Some(Refused::Unknown(told)) => (StatusCode::NOT_FOUND, told),
        Some(Refused::Wrong(told)) => (StatusCode::BAD_REQUEST, told),
        None => {
            error!(error = format!("{wrong:#}"), "a question of a command has no answer");
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read", "the kit's log says why");
        }
    };
    let (error, hint) = told.split_once("\n  hint: ").unwrap_or((told, ""));
    refusal(status, error, hint)
}

fn refusal(status: StatusCode, error: &str, hint: &str) -> Response {
    (status, Json(json!({"error": error, "hint": hint}))).into_response()
}
