//! Calls to the back office, as the inputs of an action describe them.

use http::Method;
use sdk::prelude::*;

use crate::id;

/// The inputs: a method, and a path below the back office's address in which `{member}` stands for a member of the value.
const METHOD: &str = "BACKOFFICE_METHOD";
const PATH: &str = "BACKOFFICE_PATH";

/// Sends what an event of Commerce carries, as it came.
///
/// # Errors
/// Rejects a value that lacks a member of the path, and parks when the inputs describe no call.
pub async fn send(cx: &Context, value: &Json) -> Result<Reply, Stop> {
    if !value.0.is_object() {
        return Err(missing("data.value"));
    }
    let method = method(cx.inputs().text(METHOD))?;
    let template = cx.inputs().text(PATH).ok_or_else(|| unusable(PATH))?;
    let path = path(template, value)?;
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

/// A member that names something: a text that is not empty, or a number.
pub fn key(value: &Json, member: &str) -> Option<String> {
    match value.0.get(member)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(id::text(number)),
        _ => None,
    }
}

/// A member as text, whatever it is; `null` is nothing.
pub fn text(value: &Json, member: &str) -> Option<String> {
    match value.0.get(member)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The refusal of an event that lacks this member.
pub fn missing(member: &str) -> Stop {
    Stop::reject(format!("missing parameter(s) '{member}'"))
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
fn path(template: &str, value: &Json) -> Result<String, Stop> {
    let mut path = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').ok_or_else(|| unusable(PATH))?;
        path.push_str(before);
        path.push_str(&segment(key(value, name).ok_or_else(|| missing(name))?));
        rest = tail;
    }
    path.push_str(rest);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sdk::Fate;
    use serde_json::json;
    use testkit::{Bench, Recorder, context};

    use super::*;

    fn check(template: &str, expected: Result<&str, &str>) {
        let value = json!({
            "sku": "A/b c", "id": 12, "big": 9_007_199_254_740_993_u64, "whole": 15.0,
            "code": "", "none": null, "flag": true, "list": [], "deep": {"id": 1},
        });
        let found = path(template, &Json(value)).map_err(|stop| stop.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{template}");
    }

    #[test]
    fn members_of_the_value_stand_in_the_path() {
        check("products", Ok("products"));
        check("products/{sku}", Ok("products/A%2Fb%20c"));
        check("a/{id}/b/{sku}?x=1", Ok("a/12/b/A%2Fb%20c?x=1"));
        check("{id}-{big}", Ok("12-9007199254740993"));
        check("a/{whole}", Ok("a/15"));
        check("a/}", Ok("a/}"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        for name in ["code", "none", "flag", "list", "deep", "deep.id", "other", ""] {
            check(&format!("a/{{{name}}}"), Err(&format!("missing parameter(s) '{name}'")));
        }
        check("a/{sku", Err("the input `BACKOFFICE_PATH` of this action does not fit"));
    }

    /// An action with these inputs; a missing one is left out.
    fn bench(method: Option<&str>, path: Option<&str>) -> Bench {
        let inputs = [(METHOD, method), (PATH, path)].into_iter();
        let inputs = inputs.filter_map(|(name, value)| Some((name, value?)));
        inputs.fold(context(), |bench, (name, value)| bench.input(name, value))
    }

    async fn check_call(method: &str, path: &str, body: Option<&str>, changes: &[&str]) {
        let value = Json(json!({"price": "34.0000", "sku": "A/B", "weight": null}));
        let erp = Recorder::new();
        let cx = bench(Some(method), Some(path)).backoffice(erp.clone()).build();
        assert_eq!(send(&cx, &value).await.unwrap().status, 200);
        let [call] = &erp.calls()[..] else { panic!("one call is made") };
        let sent = call.body.as_deref().map(|body| std::str::from_utf8(body).unwrap());
        assert_eq!((call.method.as_str(), sent), (method, body), "{path}");
        assert_eq!(call.changes, changes, "{method} {path}");
    }

    #[tokio::test]
    async fn the_value_goes_on_as_it_came_and_calls_to_one_address_name_one_change() {
        let value = r#"{"price":"34.0000","sku":"A/B","weight":null}"#;
        check_call("POST", "products", Some(value), &[]).await;
        check_call("PUT", "products/{sku}", Some(value), &["path/products/a%2fb"]).await;
        check_call("PATCH", "products/{sku}", Some(value), &["path/products/a%2fb"]).await;
        check_call("DELETE", "products/{sku}", None, &["path/products/a%2fb"]).await;
    }

    #[tokio::test]
    async fn inputs_that_describe_no_call_park_the_event() {
        let check = async |method, path, input: &str| {
            let erp = Recorder::new();
            let cx = bench(method, path).backoffice(erp.clone()).build();
            let stop = send(&cx, &Json(json!({"sku": "A"}))).await.unwrap_err();
            assert_eq!(stop.to_string(), format!("the input `{input}` of this action does not fit"));
            assert_eq!((stop.fate(), erp.calls().len()), (&Fate::Parked, 0));
        };
        for method in [None, Some(""), Some("GET"), Some("post"), Some("PURGE")] {
            check(method, Some("products"), METHOD).await;
        }
        for path in [None, Some(""), Some("products/{sku")] {
            check(Some("PUT"), path, PATH).await;
        }
    }

    #[tokio::test]
    async fn what_is_no_object_is_sent_nowhere() {
        for value in [json!(null), json!("text"), json!(7), json!([]), json!([{"sku": "A"}])] {
            let erp = Recorder::new();
            let cx = bench(Some("POST"), Some("products")).backoffice(erp.clone()).build();
            let stop = send(&cx, &Json(value)).await.unwrap_err();
            assert_eq!(stop.to_string(), "missing parameter(s) 'data.value'");
            assert_eq!((stop.fate(), erp.calls().len()), (&Fate::Rejected, 0));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_segment(text in "(?s).{1,40}") {
            let path = path("a/{sku}/b", &Json(json!({"sku": text}))).unwrap();
            prop_assert_eq!(path.split('/').count(), 3);
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~%/".contains(letter);
            prop_assert!(path.chars().all(is_plain), "{}", path);
        }
    }
}
