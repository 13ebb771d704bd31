use std::fmt;

/// Where all keys are.
const FOLDER: &str = "/prod/keys/";
const EXTENSION: &str = ".pem";

/// The real ones have 60 characters.
const CHARACTERS_MAX: usize = 128;

/// A path to a key at the sender's key host. It can lead nowhere else: one name of letters, digits, `-` and `_`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct KeyPath(String);

impl KeyPath {
    /// # Errors
    /// What is wrong with it; the end of a sentence that begins with the header's name.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > CHARACTERS_MAX {
            return Err("is too long for a path");
        }
        let Some(file) = text.strip_prefix(FOLDER) else {
            return Err("does not begin with `/prod/keys/`");
        };
        let Some(name) = file.strip_suffix(EXTENSION) else {
            return Err("does not end with `.pem`");
        };
        let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err("names no key: between `/prod/keys/` and `.pem` are letters, digits, `-` and `_` only");
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::Url;

    use super::*;

    #[test]
    fn the_path_of_a_key_is_taken_as_it_is() {
        for path in
            ["/prod/keys/pub-key-4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55.pem", "/prod/keys/a.pem", "/prod/keys/A_1.pem"]
        {
            assert_eq!(KeyPath::parse(path).map(|path| path.0), Ok(path.to_owned()));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for path in [
            "",
            "/",
            "https://elsewhere.example/prod/keys/a.pem",
            "//elsewhere.example/prod/keys/a.pem",
            "@elsewhere.example/prod/keys/a.pem",
            ".elsewhere.example/prod/keys/a.pem",
            "prod/keys/a.pem",
            "/stage/keys/a.pem",
            "/PROD/keys/a.pem",
            "/prod/keys/.pem",
            "/prod/keys/../a.pem",
            "/prod/keys/..pem",
            "/prod/keys//a.pem",
            "/prod/keys/b/a.pem",
            "/prod/keys/a.pem?x=.pem",
            "/prod/keys/a?.pem",
            "/prod/keys/a#.pem",
            "/prod/keys/%2e%2e.pem",
            "/prod/keys/a%00.pem",
            "/prod/keys/a b.pem",
            "/prod/keys/a.pem ",
            "/prod/keys/\\a.pem",
            "/prod/keys/ä.pem",
            "/prod/keys/a.PEM",
            "/prod/keys/a.pem/",
        ] {
            assert!(KeyPath::parse(path).is_err(), "{path}");
        }
        let long = format!("/prod/keys/{}.pem", "a".repeat(CHARACTERS_MAX));
        assert_eq!(KeyPath::parse(&long), Err("is too long for a path"));
    }

    proptest! {
        /// Whatever is taken is below the folder at the same host.
        #[test]
        fn a_path_stays_below_the_folder(text in r"(/prod/keys/)?[a-z0-9./\\:@?#%_ -]{0,30}(\.pem)?") {
            if let Ok(path) = KeyPath::parse(&text) {
                let url = Url::parse(&format!("https://keys.example{}", path.as_str())).map_err(|_| TestCaseError::fail("no address"))?;
                prop_assert_eq!(url.host_str(), Some("keys.example"));
                prop_assert_eq!(url.path(), text.as_str());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
