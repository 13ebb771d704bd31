use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The content type without its parameters.
pub(crate) fn essence(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
