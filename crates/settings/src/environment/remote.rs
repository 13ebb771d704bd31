//! A kit that runs elsewhere, as commands ask it.

use crate::environment::reader::{Reader, Setting};
use crate::environment::{RuntimeAuth, server};
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
    pub key: Option<RuntimeAuth>,
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

fn key(reader: &mut Reader<'_>, name: &str) -> Option<RuntimeAuth> {
    let setting = Setting {
        name,
        expected: "expected `<uuid>:<key>`, the key of a kit's runtime API",
        hint: "copy `AIO_runtime_auth` as `kit dev` prints it, or as the running kit has it",
    };
    reader.parse(setting, |text| RuntimeAuth::parse(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "00000000-0000-4000-8000-00000000000a";
    const OTHER: &str = "00000000-0000-4000-8000-00000000000b";

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Remote>, Faults> {
        Remote::read(&Variables::from_pairs(pairs.iter().copied()))
    }

    fn key(uuid: &str) -> String {
        format!("{uuid}:{}", "5ecret-8".repeat(4))
    }

    /// Whose key goes along, if one does.
    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: Option<&str>) {
        let keys: Vec<(&str, String)> = pairs.iter().map(|(name, uuid)| (*name, key(uuid))).collect();
        let mut pairs = vec![("KIT_URL", "http://127.0.0.1:9080")];
        pairs.extend(keys.iter().map(|(name, key)| (*name, key.as_str())));
        let remote = read(&pairs).unwrap().unwrap();
        let uuid = remote.key.as_ref().map(|key| key.uuid.as_str());
        assert_eq!((remote.url.as_str(), uuid), ("http://127.0.0.1:9080/", expected));
    }

    #[test]
    fn a_kit_elsewhere_is_asked_with_one_of_two_names_of_the_key() {
        assert!(read(&[("KIT_API_KEY", &key(UUID))]).unwrap().is_none(), "without an address the folder is meant");
        check(&[], None);
        check(&[("KIT_API_KEY", UUID)], Some(UUID));
        check(&[("AIO_runtime_auth", OTHER)], Some(OTHER));
        check(&[("KIT_API_KEY", UUID), ("AIO_runtime_auth", OTHER)], Some(UUID));
    }

    #[test]
    fn a_key_that_cannot_be_one_is_not_shown() {
        for wrong in ["5ecret", ":5ecret", "5ecret:", "5e cret:x"] {
            let faults = read(&[("KIT_URL", "http://127.0.0.1:9080"), ("KIT_API_KEY", wrong)]).unwrap_err().to_string();
            assert!(faults.starts_with("`KIT_API_KEY`: expected `<uuid>:<key>`"), "{faults}");
            assert!(!faults.contains(wrong), "{faults}");
        }
        let shown = format!("{:?}", read(&[("KIT_URL", "http://k"), ("KIT_API_KEY", &key(UUID))]).unwrap());
        assert!(!shown.contains("5ecret"), "{shown}");
        assert!(read(&[("AIO_runtime_auth", "5ecret")]).unwrap().is_none(), "nobody is asked");
    }
}
