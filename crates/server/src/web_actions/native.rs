use http::HeaderMap;
use sdk::web::Response;
use serde_json::{Map, Value, json};

/// The answer of an action that answers by itself as the result that others give.
pub(super) fn result_of(response: &Response) -> Value {
    let body =
        serde_json::from_slice(&response.body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&response.body)));
    let headers: HeaderMap = response.headers.iter().cloned().collect();
    let headers: Map<String, Value> = headers
        .keys()
        .map(|name| {
            let mut values: Vec<Value> =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into()).collect();
            let value = if values.len() == 1 { values.swap_remove(0) } else { values.into() };
            (name.to_string(), value)
        })
        .collect();
    json!({"statusCode": response.status, "headers": headers, "body": body})
}
