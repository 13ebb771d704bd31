//! Answers to Commerce's synchronous webhooks: Commerce calls, waits, and does what the answer says.

use serde::Serialize;
use serde_json::Value;

use crate::web::Response;

/// One thing that Commerce is to do (Adobe Commerce webhooks, section 9.2 of the protocol notes).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// Go on.
    Success,
    /// Stop, and tell the shopper.
    Exception {
        /// The class that Commerce throws; its own choice when there is none.
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        class: Option<String>,
        /// The configured fallback when there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Adds a value to the arguments or the result.
    Add {
        /// Separated by `/`; begins with `result` or the name of an argument.
        path: String,
        value: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        instance: Option<String>,
    },
    Replace {
        path: String,
        value: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        instance: Option<String>,
    },
    Remove {
        path: String,
    },
}

impl Operation {
    /// An exception with a message for the shopper.
    pub fn exception(message: impl Into<String>) -> Self {
        Self::Exception { class: None, message: Some(message.into()) }
    }

    pub fn add(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Add { path: path.into(), value: value.into(), instance: None }
    }

    pub fn replace(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Replace { path: path.into(), value: value.into(), instance: None }
    }

    pub fn remove(path: impl Into<String>) -> Self {
        Self::Remove { path: path.into() }
    }

    /// The answer with this operation alone. Always HTTP 200: any other number is a failure of the webhook itself.
    pub fn answer(&self) -> Response {
        Response::json(200, self)
    }

    /// The answer with several operations, done in their order.
    pub fn answer_all(operations: &[Self]) -> Response {
        Response::json(200, &operations)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_has_the_shape_that_commerce_reads() {
        let class = Some(r"Magento\Framework\Exception\LocalizedException".to_owned());
        let operations = [
            (Operation::Success, json!({"op": "success"})),
            (Operation::exception("no"), json!({"op": "exception", "message": "no"})),
            (Operation::Exception { class: class.clone(), message: None }, json!({"op": "exception", "type": class})),
            (Operation::add("result", json!({"a": 1})), json!({"op": "add", "path": "result", "value": {"a": 1}})),
            (Operation::replace("result/a", 6), json!({"op": "replace", "path": "result/a", "value": 6})),
            (Operation::remove("result/b"), json!({"op": "remove", "path": "result/b"})),
        ];
        let all: Vec<Operation> = operations.iter().map(|(operation, _)| operation.clone()).collect();
        for (operation, shape) in operations {
            let answer = operation.answer();
            assert_eq!((answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap()), (200, shape));
        }
        let answered: Value = serde_json::from_slice(&Operation::answer_all(&all).body).unwrap();
        assert_eq!(answered.as_array().map(Vec::len), Some(6));
    }
}
