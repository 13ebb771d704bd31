//! Where a call goes: a path below a target's base address.

use reqwest::Url;
use sdk::Stop;

/// The address of `path`, which follows `base` as it is; `place` names the target in errors.
///
/// Refused is what a URL's parser would quietly turn into another address: `.` and `..` in any spelling, backslashes,
/// line ends, blanks at the end, and everything behind a `#`.
pub(crate) fn below(base: &str, path: &str, place: &str) -> Result<Url, Stop> {
    let folders = path.split(['?', '#']).next().unwrap_or_default();
    if has_dot_segment(folders) {
        return Err(Stop::reject(format!("what is called `.` or `..` has no address in {place}")));
    }
    let invalid = || Stop::park(format!("this call has no valid address in {place}"));
    if path.contains('#')
        || path.ends_with(' ')
        || path.contains(|c: char| c.is_ascii_control())
        || folders.contains('\\')
    {
        return Err(invalid());
    }
    Url::parse(&format!("{base}{path}")).map_err(|error| invalid().because(error))
}

/// The URL standard resolves `.` and `..` also when their dots are escaped, so `products/%2E%2E` would be `V1/` itself.
fn has_dot_segment(folders: &str) -> bool {
    folders.split('/').any(|segment| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Result<&str, &str>) {
        let found = below("http://shop/rest/", path, "Commerce").map(String::from).map_err(|stop| stop.to_string());
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
}
