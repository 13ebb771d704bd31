/// A media type as requests and results of actions name it. The charset is told apart: texts travel as UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaType {
    /// `type/subtype` in lower case.
    essence: String,
    /// The other parameters, as they are written behind the essence.
    parameters: String,
    has_charset: bool,
}

/// Types that are text although their first part does not say so.
const TEXTS: [&str; 10] = [
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/sql",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/yaml",
];

impl MediaType {
    pub fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let essence = essence.trim().to_ascii_lowercase();
        let (main, sub) = essence.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let mut media_type = Self { essence, parameters: String::new(), has_charset: false };
        while let Some(after) = rest.trim_start().strip_prefix(';') {
            // A semicolon at the end means nothing.
            if after.trim().is_empty() {
                return Some(media_type);
            }
            let (name, after) = after.split_once('=')?;
            let name = name.trim();
            let (value, after) = value(after)?;
            if !is_token(name) {
                return None;
            }
            if name.eq_ignore_ascii_case("charset") {
                media_type.has_charset = true;
            } else {
                media_type.parameters.extend(["; ", name, "=", value]);
            }
            rest = after;
        }
        rest.trim().is_empty().then_some(media_type)
    }

    pub fn is(&self, essence: &str) -> bool {
        self.essence == essence
    }

    pub fn is_json(&self) -> bool {
        self.is("application/json") || self.essence.ends_with("+json")
    }

    /// Whether content of this type is bytes, which JSON carries as base64.
    pub fn is_binary(&self) -> bool {
        let is_text = self.has_charset
            || self.essence.starts_with("text/")
            || ["+json", "+xml"].iter().any(|suffix| self.essence.ends_with(suffix))
            || TEXTS.contains(&self.essence.as_str());
        !is_text
    }

    /// As the header of an answer, which says in what charset its text is. JSON has only one.
    pub fn header(&self) -> String {
        let charset = if self.is_json() || self.is_binary() { "" } else { "; charset=UTF-8" };
        format!("{}{}{charset}", self.essence, self.parameters)
    }
}

/// The value of a parameter, a word or a quoted text, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = match text.strip_prefix('"') {
        Some(quoted) => {
            let mut is_escaped = false;
            let end = quoted.find(|character| {
                let is_end = character == '"' && !is_escaped;
                is_escaped = character == '\\' && !is_escaped;
                is_end
            })?;
            end + 2
        }
        None => text.find(|character| !is_of_token(character)).unwrap_or(text.len()),
    };
    (end > 0).then(|| text.split_at(end))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_of_token)
}

fn is_of_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[track_caller]
    fn check(text: &str, header: &str, is_binary: bool) {
        let media_type = MediaType::parse(text).unwrap();
        assert_eq!((&*media_type.header(), media_type.is_binary()), (header, is_binary), "{text}");
    }

    #[test]
    fn texts_say_their_charset_and_bytes_have_none() {
        check("text/plain", "text/plain; charset=UTF-8", false);
        check(" Text/HTML ; charset=iso-8859-1;", "text/html; charset=UTF-8", false);
        check("application/json; charset=utf-8", "application/json", false);
        check("application/hal+json", "application/hal+json", false);
        check("image/svg+xml", "image/svg+xml; charset=UTF-8", false);
        check("image/png", "image/png", true);
        check("application/octet-stream", "application/octet-stream", true);
        check("application/vnd.own", "application/vnd.own", true);
        check("application/vnd.own; charset=utf-8", "application/vnd.own; charset=UTF-8", false);
        check(r#"multipart/mixed; boundary="a;\"b""#, r#"multipart/mixed; boundary="a;\"b""#, true);
        check("text/csv;header=present", "text/csv; header=present; charset=UTF-8", false);
    }

    #[test]
    fn what_is_no_media_type_is_none() {
        for text in [
            "",
            "html",
            "/",
            "text/",
            "/html",
            "text/ht ml",
            "text/html; charset",
            "text/html; =a",
            "text/html; a=",
            "text/html; a=\"b",
            "text/html, text/plain",
            "text/html; a=b c",
        ] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }
}
