//! Where a call goes: a path below a target's base address.

use std::fmt;

use reqwest::Url;
use sdk::Stop;

/// What the addresses of a target's calls begin with. `Debug` does not show it: it may hold a password or a key.
pub(crate) struct Base(String);

impl Base {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The address of `path`, which follows the base as it is; `place` names the target in errors.
    ///
    /// Refused is what a URL's parser would quietly turn into another address: `.` and `..` in any spelling,
    /// backslashes, line ends, blanks at the end, and everything behind a `#`.
    pub fn below(&self, path: &str, place: &str) -> Result<Url, Stop> {
        let folders = path.split(['?', '#']).next().unwrap_or_default();
        if has_dot_segment(folders) {
            return Err(Stop::reject(format!("what is called `.` or `..` has no address in {place}")));
        }
        let is_twisted = path.contains(|letter: char| letter == '#' || letter.is_ascii_control());
        let url = if is_twisted || path.ends_with(' ') || folders.contains('\\') {
            None
        } else {
            Url::parse(&format!("{}{path}", self.0)).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        };
        url.ok_or_else(|| Stop::park(format!("this call has no valid address in {place}")))
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Base").finish_non_exhaustive()
    }
}

/// The URL standard resolves `.` and `..` also when their dots are escaped, so `products/%2E%2E` would be `V1/` itself.
fn has_dot_segment(folders: &str) -> bool {
    folders.split('/').any(|segment| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Result<&str, &str>) {
        let base = Base::new("http://shop/rest/".to_owned());
        let found = base.below(path, "Commerce").map(String::from).map_err(|stop| stop.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{path}");
    }

    #[test]
    fn paths_follow_the_base() {
        check("V1/products/A%2FB%201", Ok("http://shop/rest/V1/products/A%2FB%201"));
        check(
            "V1/products?searchCriteria[pageSize]=../1",
            Ok("http://shop/rest/V1/products?searchCriteria[pageSize]=../1"),
        );
        check("V1/.../..a", Ok("http://shop/rest/V1/.../..a"));
    }

    #[test]
    fn what_would_lead_elsewhere_is_refused() {
        let dots = Err("what is called `.` or `..` has no address in Commerce");
        for path in ["V1/..", "V1/%2e%2E/x", ".%2e?a", "./V1"] {
            check(path, dots);
        }
        let invalid = Err("this call has no valid address in Commerce");
        for path in ["V1/..\\x", "V1/.\t./x", "V1/.. ", "V1/A#B", "V1/A\n"] {
            check(path, invalid);
        }
    }

    #[test]
    fn a_base_is_an_address_of_the_web() {
        for base in ["", "shop/rest/", "ftp://shop/", "http://"] {
            let stop = Base::new(base.to_owned()).below("x y", "Commerce").unwrap_err();
            assert_eq!(stop.to_string(), "this call has no valid address in Commerce", "{base}");
        }
    }
}
