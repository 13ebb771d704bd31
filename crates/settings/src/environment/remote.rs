//! A kit that runs elsewhere, as commands ask it.

use secrecy::SecretString;

use crate::environment::reader::{Reader, Setting};
use crate::environment::server;
use crate::{Faults, Variables};

const KEY: &str = "KIT_API_KEY";

/// The name that `aio` knows for the same.
const RUNTIME_KEY: &str = "AIO_runtime_auth";

/// A kit that `KIT_URL` names.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Ends with `/`.
    pub url: String,
    /// What its runtime API asks for; not every command does.
    pub key: Option<ApiKey>,
}

/// `uuid:key`, the two halves of basic authentication.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub user: String,
    pub password: SecretString,
}

impl Remote {
    /// None: `KIT_URL` is not set, and commands work on the local folder.
    pub fn read(variables: &Variables) -> Result<Option<Self>, Faults> {
        let mut reader = Reader { variables, faults: Vec::new() };
        let url = server::said(&mut reader);
        let key = if reader.is_set(KEY) { key(&mut reader, KEY) } else { key(&mut reader, RUNTIME_KEY) };
        // Who asks nobody needs no key, whatever is set.
        let faults = if variables.get(server::URL).is_some() { reader.faults } else { Vec::new() };
        Faults::none_or(faults, url.map(|url| Self { url, key }))
    }
}

fn key(reader: &mut Reader<'_>, name: &str) -> Option<ApiKey> {
    let setting = Setting {
        name,
        expected: "expected two texts with `:` between them, of visible ASCII characters",
        hint: "copy `AIO_runtime_auth` as `kit dev` prints it, or as the running kit has it",
    };
    reader.parse(setting, |text| {
        let (user, password) = text.split_once(':')?;
        let is_sendable = text.chars().all(|letter| letter.is_ascii_graphic());
        let is_whole = !user.is_empty() && !password.is_empty();
        (is_sendable && is_whole).then(|| ApiKey { user: user.to_owned(), password: SecretString::from(password) })
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Remote>, Faults> {
        Remote::read(&Variables::from_pairs(pairs.iter().copied()))
    }

    /// The user and the password that go along, if any do.
    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let pairs = [&[("KIT_URL", "http://127.0.0.1:9080")], pairs].concat();
        let remote = read(&pairs).unwrap().unwrap();
        let key = remote.key.as_ref().map(|key| (key.user.as_str(), key.password.expose_secret()));
        assert_eq!((remote.url.as_str(), key), ("http://127.0.0.1:9080/", expected));
    }

    #[test]
    fn a_kit_elsewhere_is_asked_with_one_of_two_names_of_the_key() {
        assert!(read(&[("KIT_API_KEY", "a:b")]).unwrap().is_none(), "without an address the folder is meant");
        check(&[], None);
        check(&[("KIT_API_KEY", "a:b:c")], Some(("a", "b:c")));
        check(&[("AIO_runtime_auth", "d:e")], Some(("d", "e")));
        check(&[("KIT_API_KEY", "a:b"), ("AIO_runtime_auth", "d:e")], Some(("a", "b")));
    }

    #[test]
    fn a_key_that_cannot_be_one_is_not_shown() {
        for wrong in ["5ecret", ":5ecret", "5ecret:", "5e cret:x"] {
            let faults = read(&[("KIT_URL", "http://127.0.0.1:9080"), ("KIT_API_KEY", wrong)]).unwrap_err().to_string();
            assert!(faults.starts_with("`KIT_API_KEY`: expected two texts"), "{faults}");
            assert!(!faults.contains(wrong), "{faults}");
        }
        let shown = format!("{:?}", read(&[("KIT_URL", "http://k"), ("KIT_API_KEY", "a:5ecret")]).unwrap());
        assert!(!shown.contains("5ecret"), "{shown}");
        assert!(read(&[("AIO_runtime_auth", "5ecret")]).unwrap().is_none(), "nobody is asked");
    }
}
