use sdk::json;
use sdk::web::Request;
use serde_json::{Map, Value};

pub const PAGE_SIZE_DEFAULT: u32 = 20;
/// Commerce takes no larger pages.
const PAGE_SIZE_MAX: u32 = 300;

/// What the caller asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub page_size: u32,
    pub from: From,
}

/// Where a run begins.
#[derive(Debug, PartialEq, Eq)]
pub enum From {
    /// Where the one before failed, if it did.
    WhereItStopped,
    TheStart,
}

impl Options {
    /// Reads the query, and over it the members of the body. Senders of a query have texts only, so texts will do.
    pub fn read(request: &Request) -> Result<Self, String> {
        let mut options = members(&request.body)?;
        for (name, value) in form_urlencoded::parse(request.query.as_deref().unwrap_or_default().as_bytes()) {
            options.entry(name).or_insert_with(|| Value::from(value.as_ref()));
        }
        Ok(Self {
            page_size: options.get("pageSize").map_or(Ok(PAGE_SIZE_DEFAULT), page_size)?,
            from: options.get("restart").map_or(Ok(From::WhereItStopped), from)?,
        })
    }
}

fn members(body: &[u8]) -> Result<Map<String, Value>, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let document = json::check(body).map_err(|error| format!("the body is not valid JSON: {error}"))?;
    serde_json::from_str(document).map_err(|_| "the body must be a JSON object".to_owned())
}

fn page_size(value: &Value) -> Result<u32, String> {
    let size = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(_) => json::parse::<json::Whole>(&value.to_string()).ok().and_then(|size| size.0.try_into().ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    size.filter(|size| (1..=PAGE_SIZE_MAX).contains(size))
        .ok_or_else(|| format!("`pageSize` must be a whole number from 1 to {PAGE_SIZE_MAX}"))
}

fn from(value: &Value) -> Result<From, String> {
    match value {
        Value::Bool(true) => Ok(From::TheStart),
        Value::Bool(false) => Ok(From::WhereItStopped),
        Value::String(text) if text == "true" => Ok(From::TheStart),
        Value::String(text) if text == "false" => Ok(From::WhereItStopped),
        _ => Err("`restart` must be true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn read(query: &str, body: &str) -> Result<Options, String> {
        let (headers, query, body) = (HeaderMap::new(), Some(query.to_owned()), body.to_owned().into());
        Options::read(&Request { method: Method::POST, headers, query, body, peer: None })
    }

    fn check(query: &str, body: &str, page_size: u32, from: From) {
        assert_eq!(read(query, body), Ok(Options { page_size, from }), "{query} {body}");
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        for body in ["", " \n", "{}", r#"{"other":1,"restart":false}"#] {
            check("", body, 20, From::WhereItStopped);
        }
        check("other=1&restart=false", "", 20, From::WhereItStopped);
    }

    #[test]
    fn query_and_body_are_read_and_the_body_counts() {
        check("pageSize=50", "", 50, From::WhereItStopped);
        check("pageSize=50&restart=true", r#"{"restart":false}"#, 50, From::WhereItStopped);
        check("pageSize=nonsense", r#"{"pageSize":1,"restart":true}"#, 1, From::TheStart);
        check("", r#"{"pageSize":300.0,"restart":"true"}"#, 300, From::TheStart);
        check("", r#"{"pageSize":" 7 "}"#, 7, From::WhereItStopped);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for size in ["0", "301", "-1", "1.5", "null", "true", "[20]", "{}", "\"\"", "\"many\"", "1e300"] {
            let error = read("", &format!(r#"{{"pageSize":{size}}}"#)).unwrap_err();
            assert_eq!(error, "`pageSize` must be a whole number from 1 to 300", "{size}");
        }
        for query in ["pageSize=", "pageSize=0", "pageSize=2.5", "pageSize=%20"] {
            assert!(read(query, "").unwrap_err().starts_with("`pageSize` "), "{query}");
        }
        for restart in ["1", "null", "\"yes\"", "[]"] {
            let error = read("", &format!(r#"{{"restart":{restart}}}"#)).unwrap_err();
            assert_eq!(error, "`restart` must be true or false");
        }
        assert_eq!(read("", "[]").unwrap_err(), "the body must be a JSON object");
        assert!(read("", "{").unwrap_err().starts_with("the body is not valid JSON: "));
        assert!(read("", r#"{"pageSize":1,"pageSize":2}"#).unwrap_err().contains("used twice"));
    }
}
