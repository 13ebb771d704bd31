use percent_encoding::percent_decode_str;

/// Where all web actions are.
pub(super) const PREFIX: &str = "/api/v1/web/";

/// Names are no longer.
const NAME_CHARACTERS_MAX: usize = 256;

/// What of a result is the answer, by the end of the action's name in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// Status, headers and body, as the result says.
    Http,
    Json,
    Html,
    Svg,
    Text,
}

impl Extension {
    const ALL: [(&str, Self); 5] = [
        (".http", Self::Http),
        (".json", Self::Json),
        (".html", Self::Html),
        (".svg", Self::Svg),
        (".text", Self::Text),
    ];
}

/// `{package}/{action}[.ext][/rest]`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// `package/action`.
    pub name: String,
    pub extension: Extension,
    /// What follows the action, as it came: empty, or it starts with `/`.
    pub rest: &'a str,
}

impl<'a> Address<'a> {
    /// `path` is what follows the prefix. What is not text names nothing.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (package, after) = path.split_once('/')?;
        let (action, rest) = after.split_at(after.find('/').unwrap_or(after.len()));
        let [package, action] = [package, action].map(|part| percent_decode_str(part).decode_utf8().ok());
        let (package, action) = (package?, action?);
        // Any other end is a part of the name.
        let (action, extension) = Extension::ALL
            .iter()
            .find_map(|(end, extension)| Some((action.strip_suffix(end)?, *extension)))
            .unwrap_or((&action, Extension::Http));
        Some(Self { name: format!("{package}/{action}"), extension, rest })
    }

    /// Whether an action could have this name.
    pub fn is_name(&self) -> bool {
        self.name.chars().count() <= NAME_CHARACTERS_MAX && self.name.split('/').all(is_part) && {
            let parts = self.name.split('/').count();
            parts == 2
        }
    }
}

/// A word, or several with `@`, dots, hyphens and single spaces inside.
fn is_part(part: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let is_inside = |character: char| is_word(character) || "@ .-".contains(character);
    part.starts_with(is_word) && part.chars().all(is_inside) && !part.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, name: &str, extension: Extension, rest: &str) {
        let expected = Address { name: name.to_owned(), extension, rest };
        assert_eq!(Address::parse(path), Some(expected), "{path}");
    }

    #[test]
    fn a_path_names_an_action_what_of_its_result_is_wanted_and_a_rest() {
        check("p/a", "p/a", Extension::Http, "");
        check("p/a.http", "p/a", Extension::Http, "");
        check("p/a.json", "p/a", Extension::Json, "");
        check("p/a.html/x", "p/a", Extension::Html, "/x");
        check("p/a.svg/", "p/a", Extension::Svg, "/");
        check("p/a.text/x.json/y%20z", "p/a", Extension::Text, "/x.json/y%20z");
        check("p/a.b.json", "p/a.b", Extension::Json, "");
        check("p/a.json.http", "p/a.json", Extension::Http, "");
        check("p/a.xml", "p/a.xml", Extension::Http, "");
        check("p/a.JSON", "p/a.JSON", Extension::Http, "");
        check("p%20q/a%2fb", "p q/a/b", Extension::Http, "");
        check("/", "/", Extension::Http, "");
        assert_eq!(Address::parse("p"), None);
        assert_eq!(Address::parse("p/%ff"), None);
    }

    #[test]
    fn a_name_has_two_parts_of_what_names_are_made_of() {
        let is_name = |path: &str| Address::parse(path).unwrap().is_name();
        for path in ["p/a", "p/a.xml", "_/a%20b@c", "p-1/a_2", "%C3%A9/a"] {
            assert!(is_name(path), "{path}");
        }
        for path in
            ["/", "p/", "/a", "p/.json", "p/a%2fb", "p/a%20", "-p/a", "p/a%0a", "p/a'", &format!("p/{:a<256}", "")]
        {
            assert!(!is_name(path), "{path}");
        }
    }
}
