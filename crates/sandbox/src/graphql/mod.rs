//! The one question that the kit asks of Commerce's GraphQL: the products, page by page. It needs no authorisation.
//!
//! A parser and a table of the fields take the place of an engine; what they do not know is refused, not ignored.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::answer::Answer;
use crate::effect::{self, Incoming};
use crate::{Sandbox, commerce};

mod arguments;
mod page;
mod question;
mod schema;

use question::Question;

/// How the list of calls and faults name these calls.
const PATH: &str = "graphql";

/// What is wrong with a question, in words for the one who asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake(String);

pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let incoming = Incoming::read(request, PATH.to_owned()).await;
    // Before the store is locked.
    let question = question(&incoming);
    let effect = |state: &mut crate::State, _: &Incoming, _| {
        let answer = question.and_then(|question| Ok(page::answer(state, &question)?));
        answer.unwrap_or_else(|refusal| refusal)
    };
    effect::answer(&sandbox, &sandbox.shared.state, incoming, effect).await
}

fn question(incoming: &Incoming) -> Result<Question, Answer> {
    if incoming.method != Method::POST {
        return Err(Answer::wrong_method(incoming.method.as_str(), "POST"));
    }
    Ok(Question::parse(commerce::body(incoming)?)?)
}

impl From<Mistake> for Answer {
    /// GraphQL tells its mistakes with a status of success.
    fn from(Mistake(message): Mistake) -> Self {
        let error = json!({ "message": message, "extensions": { "category": "graphql-input" } });
        Self::of(StatusCode::OK, &json!({ "errors": [error] }))
    }
}
