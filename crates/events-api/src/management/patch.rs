use json_patch::jsonptr::Pointer;
use json_patch::{Patch, PatchOperation, patch_unsafe};
use sdk::{Fault, json};
use serde_json::Value;

use crate::management::fields;
use crate::management::input::BODY_BYTES_MAX;
use crate::problem::Problem;

/// Operations of one patch.
const OPERATIONS_MAX: usize = 100;

/// Changes a document that has every member that may be changed, those without a value as `null`.
///
/// # Errors
/// An operation points elsewhere or cannot be carried out; the document is of no use then.
pub(super) fn apply(patch: &Patch, document: &mut Value) -> Result<(), Problem> {
    if patch.len() > OPERATIONS_MAX {
        return Err(Problem::bad_request(format!("a patch may have at most {OPERATIONS_MAX} operations")));
    }
    let faults: Vec<Fault> =
        (0..).zip(patch.iter()).flat_map(|(index, operation)| strays(index, operation, document)).collect();
    if !faults.is_empty() {
        return Err(fields::refusal(&faults));
    }
    for (index, operation) in patch.iter().enumerate() {
        // One by one: a copy of a copy doubles the document each time.
        if let Err(error) = patch_unsafe(document, std::slice::from_ref(operation)) {
            let fault = Fault::new(format!("/{index}"), format!("cannot be carried out: {}", error.kind));
            return Err(Problem::bad_request(fault.to_string()));
        }
        let text = document.to_string();
        if text.len() > BODY_BYTES_MAX || json::check(text.as_bytes()).is_err() {
            let fault = Fault::new(format!("/{index}"), "makes the document too large or too deep");
            return Err(Problem::bad_request(fault.to_string()));
        }
    }
    Ok(())
}

/// Pointers of an operation that lead to no member of the document.
fn strays(index: usize, operation: &PatchOperation, document: &Value) -> Vec<Fault> {
    let from = match operation {
        PatchOperation::Move(moved) => Some(("from", moved.from.as_ptr())),
        PatchOperation::Copy(copied) => Some(("from", copied.from.as_ptr())),
        PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Replace(_) | PatchOperation::Test(_) => {
            None
        }
    };
    let stray = |pointer: &Pointer| {
        let first = pointer.first().map(|token| token.decoded().into_owned());
        first.is_none_or(|name| document.get(&name).is_none())
    };
    let pointers = from.into_iter().chain([("path", operation.path())]);
    pointers.filter(|(_, pointer)| stray(pointer)).map(|(name, _)| fault(index, name, document)).collect()
}

fn fault(index: usize, name: &str, document: &Value) -> Fault {
    let members: Vec<&str> =
        document.as_object().into_iter().flat_map(|members| members.keys()).map(String::as_str).collect();
    Fault::new(
        format!("/{index}/{name}"),
        format!("must begin with a member that can be changed: `/{}`", members.join("`, `/")),
    )
}
