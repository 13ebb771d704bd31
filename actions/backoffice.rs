//! Calls to the back office, as the inputs of an action describe them.

use http::Method;
use sdk::prelude::*;

/// The inputs: a method, and a path below the back office's address in which `{member}` stands for a member of the value.
const METHOD: &str = "BACKOFFICE_METHOD";
const PATH: &str = "BACKOFFICE_PATH";

/// Sends what an event of Commerce carries, as it came.
///
/// # Errors
/// Rejects a value that lacks a member of the path, and parks when the inputs describe no call.
pub async fn send(cx: &Context, value: &Json) -> Result<Reply, Stop> {
    if !value.0.is_object() {
        return Err(Stop::reject("missing parameter(s) 'data.value'"));
    }
    let method = method(cx.inputs().text(METHOD))?;
    let template = cx.inputs().text(PATH).ok_or_else(|| unusable(PATH))?;
    let path = path(template, &value.0)?;
    let body = if method == Method::DELETE {
        None
    } else {
        let body = serde_json::to_vec(value);
        Some(body.map_err(|error| Stop::park("the value cannot be written as JSON").because(error))?)
    };
    // Writes to one address never overlap; what is created has none of its own yet.
    let address = template.contains('{').then_some(path.as_str());
    cx.backoffice().changing("path", address).call(method, path.clone(), body).await
}

fn method(name: Option<&str>) -> Result<Method, Stop> {
    match name {
        Some("POST") => Ok(Method::POST),
        Some("PUT") => Ok(Method::PUT),
        Some("PATCH") => Ok(Method::PATCH),
        Some("DELETE") => Ok(Method::DELETE),
        _ => Err(unusable(METHOD)),
    }
}

fn unusable(input: &str) -> Stop {
    Stop::park(format!("the input `{input}` of this action does not fit"))
}

/// `products/{sku}` with the value's SKU as one segment.
fn path(template: &str, value: &Value) -> Result<String, Stop> {
    let mut path = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').ok_or_else(|| unusable(PATH))?;
        path.push_str(before);
        path.push_str(&member(value, name)?);
        rest = tail;
    }
    path.push_str(rest);
    Ok(path)
}

fn member(value: &Value, name: &str) -> Result<String, Stop> {
    match value.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(segment(text)),
        Some(Value::Number(number)) => Ok(segment(number)),
        _ => Err(Stop::reject(format!("missing parameter(s) '{name}'"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(template: &str, expected: Result<&str, &str>) {
        let value = json!({"sku": "A/b c", "id": 12, "code": "", "none": null, "list": []});
        let found = path(template, &value).map_err(|stop| stop.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{template}");
    }

    #[test]
    fn members_of_the_value_stand_in_the_path() {
        check("products", Ok("products"));
        check("products/{sku}", Ok("products/A%2Fb%20c"));
        check("a/{id}/b/{sku}?x=1", Ok("a/12/b/A%2Fb%20c?x=1"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        for name in ["code", "none", "list", "other", ""] {
            check(&format!("a/{{{name}}}"), Err(&format!("missing parameter(s) '{name}'")));
        }
        check("a/{sku", Err("the input `BACKOFFICE_PATH` of this action does not fit"));
    }

    #[test]
    fn only_methods_that_write_are_taken() {
        for name in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(method(Some(name)).unwrap().as_str(), name);
        }
        for name in [None, Some("GET"), Some("post"), Some("")] {
            assert_eq!(
                method(name).unwrap_err().to_string(),
                "the input `BACKOFFICE_METHOD` of this action does not fit"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_segment(text in ".{1,40}") {
            let path = path("a/{sku}/b", &json!({"sku": text})).unwrap();
            prop_assert_eq!(path.split('/').count(), 3);
            prop_assert!(path.is_ascii() && !path.contains(['?', '#', ' ']));
        }
    }
}
