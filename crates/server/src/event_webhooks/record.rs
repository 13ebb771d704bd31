//! The validator's runs: what is on record of a delivery before its action runs.

use axum::response::Response;
use engine::SIGNATURE_VALIDATOR;
use http::StatusCode;
use sdk::{ActivationId, web};
use serde_json::{Value, json};
use store::{Activation, Status};
use uuid::Uuid;

use super::verdict;
use crate::Face;

/// One run of the validator.
pub(super) struct Validator<'a> {
    pub(super) id: ActivationId,
    face: &'a Face,
    start: jiff::Timestamp,
}

impl<'a> Validator<'a> {
    pub(super) fn begin(face: &'a Face) -> Self {
        Self { id: ActivationId::new(Uuid::now_v7()), face, start: face.clock.now() }
    }

    /// Puts on record that the delivery may go on to its action.
    pub(super) async fn pass(&self) {
        let result = json!({"statusCode": 200, "body": {"success": true}});
        self.face.runner.note(self.run(Status::Success, &result)).await;
    }

    /// Puts on record what is wrong with an event of a delivery that comes from the events API. Returns its own id.
    pub(super) async fn put_down(&self, reason: &str) -> ActivationId {
        let result = json!({"statusCode": 400, "body": {"error": reason}});
        self.face.runner.note(self.run(Status::ApplicationError, &result)).await;
        self.id
    }

    /// Whoever cannot show that he is the events API, and that we are meant, learns nothing.
    pub(super) async fn refuse_stranger(&self, reason: &str) -> Response {
        self.refuse(StatusCode::UNAUTHORIZED, &web::not_authorized(self.id), Some(reason)).await
    }

    /// `reason` is for the activation alone.
    pub(super) async fn refuse(&self, status: StatusCode, error: &str, reason: Option<&str>) -> Response {
        let mut result = json!({"statusCode": status.as_u16(), "body": {"error": error}});
        if let Some(reason) = reason {
            result["reason"] = reason.into();
        }
        self.face.runner.note_refusal(self.run(Status::ApplicationError, &result)).await;
        verdict::refused(status, error, self.id)
    }

    fn run(&self, status: Status, result: &Value) -> Activation {
        Activation {
            id: self.id.uuid(),
            cause: None,
            action: SIGNATURE_VALIDATOR.to_owned(),
            start: self.start,
            end: self.face.clock.now(),
            status,
            result: result.to_string(),
            event: None,
            attempt: 0,
            wait_ms: 0,
            detail: None,
            logs: None,
        }
    }
}
