//! A request as it was captured: a head with headers and the body behind it, or the body alone.

use anyhow::{Context, bail};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

const HEADERS_MAX: usize = 256;

#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub headers: HeaderMap,
    /// The raw query string.
    pub query: Option<String>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a captured request; `said` are headers that take the place of those in it. What does not begin with a
    /// request line is a body.
    pub fn read(contents: &[u8], said: &[String]) -> anyhow::Result<Self> {
        let mut request = match head(contents) {
            Some((head, body)) => Self::of_wire(head, body)?,
            None => Self { headers: HeaderMap::new(), query: None, body: contents.to_vec() },
        };
        let mut headers = HeaderMap::new();
        for line in said {
            let (name, value) = header(line.as_bytes()).with_context(|| {
                "`--header` is no header\n  hint: such as `--header 'x-port-timestamp: 1767225600'`".to_owned()
            })?;
            headers.append(name, value);
        }
        for name in headers.keys() {
            request.headers.remove(name);
        }
        // What is said twice stays twice: the check refuses it.
        for (name, value) in &headers {
            request.headers.append(name, value.clone());
        }
        Ok(request)
    }

    fn of_wire(head: &[u8], body: &[u8]) -> anyhow::Result<Self> {
        let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let query = first.split(' ').nth(1).and_then(|path| path.split_once('?')).map(|(_, query)| query.to_owned());
        let mut headers = HeaderMap::new();
        for (number, line) in (2..).zip(lines.filter(|line| !line.is_empty()).take(HEADERS_MAX)) {
            let (name, value) = header(line).with_context(|| format!("line {number} of the file is no header"))?;
            headers.append(name, value);
        }
        let is_chunked = headers.get(TRANSFER_ENCODING).is_some_and(|value| value.as_bytes().ends_with(b"chunked"));
        let body = if is_chunked {
            joined(body).context("the body in the file is not in whole chunks")?
        } else {
            whole(body, headers.get(CONTENT_LENGTH))?
        };
        Ok(Self { headers, query, body })
    }
}

/// Head and body of what begins with `<method> <path> HTTP/1.x`.
fn head(contents: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = contents.split(|byte| *byte == b'\n').next()?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_request = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
    if !is_request {
        return None;
    }
    // Editors change line ends; whichever blank line comes first ends the head.
    let ends = [b"\r\n\r\n".as_slice(), b"\n\n"].map(|end| (find(contents, end), end.len()));
    let (at, length) =
        ends.into_iter().filter_map(|(at, length)| Some((at?, length))).min().unwrap_or((contents.len(), 0));
    Some((&contents[..at], &contents[at + length..]))
}

fn find(contents: &[u8], wanted: &[u8]) -> Option<usize> {
    contents.windows(wanted.len()).position(|window| window == wanted)
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
}

/// What `content-length` counts: editors add a line end.
fn whole(body: &[u8], length: Option<&HeaderValue>) -> anyhow::Result<Vec<u8>> {
    let Some(length) = length else { return Ok(body.to_vec()) };
    let length: usize =
        length.to_str().ok().and_then(|text| text.parse().ok()).context("`content-length` is no number")?;
    if length > body.len() {
        let found = body.len();
        bail!("the file has {found} bytes of the body, its `content-length` is {length}\n  hint: was it cut off?");
    }
    Ok(body[..length].to_vec())
}

/// The body that chunks make together (RFC 9112, section 7.1).
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n")?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Some(body);
        }
        body.extend(rest.get(..length)?);
        rest = rest.get(length..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(contents: &str, query: Option<&str>, headers: &[(&str, &str)], body: &str) {
        let request = Request::read(contents.as_bytes(), &[]).unwrap();
        let found: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(found, headers, "{contents}");
        assert_eq!((request.query.as_deref(), &*request.body), (query, body.as_bytes()), "{contents}");
    }

    #[test]
    fn a_request_is_read_as_it_was_captured() {
        check("{}", None, &[], "{}");
        check("", None, &[], "");
        check("POST /a HTTP/1.1\r\nX-A:  b \r\n\r\n{}", None, &[("x-a", "b")], "{}");
        check("POST /a?b=c HTTP/1.1\nX-A: b\n\n{}\n", Some("b=c"), &[("x-a", "b")], "{}\n");
        check("POST /a HTTP/1.1\nContent-Length: 2\n\n{}\n", None, &[("content-length", "2")], "{}");
        let chunked = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n";
        check(chunked, None, &[("transfer-encoding", "chunked")], "{}");
        check("POST /a HTTP/1.1\r\nX-A: b\r\n", None, &[("x-a", "b")], "");
        for broken in [
            "POST /a HTTP/1.1\r\nno header\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n",
        ] {
            assert!(Request::read(broken.as_bytes(), &[]).is_err(), "{broken}");
        }
    }

    #[test]
    fn headers_that_are_said_take_the_place_of_those_in_the_file() {
        let file = b"POST /a HTTP/1.1\r\nX-A: b\r\nX-B: c\r\n\r\n";
        let request = Request::read(file, &["x-a: d".to_owned(), "x-a: e".to_owned()]).unwrap();
        let values: Vec<&HeaderValue> = request.headers.get_all("x-a").iter().collect();
        assert_eq!(values, ["d", "e"]);
        assert_eq!(request.headers["x-b"], "c");
        assert!(Request::read(file, &["x-a".to_owned()]).is_err());
    }

    proptest! {
        #[test]
        fn no_file_is_too_strange(contents in "(POST /[a-z?=]{0,5} HTTP/1.1\r?\n)?([a-zA-Z:-]{0,12}: ?[ -~]{0,8}\r?\n|\r?\n|[0-9a-f]{1,3}\r\n|chunked){0,8}") {
            let _ = Request::read(contents.as_bytes(), &[]);
        }
    }
}
