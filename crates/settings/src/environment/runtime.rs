//! The namespace of the runtime API, and who may use it.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Mode, Role};
use crate::environment::reader::{Reader, Setting};

const NAMESPACE: &str = "AIO_runtime_namespace";
const NAMESPACE_DEFAULT: &str = "local";
const NAMESPACE_LETTERS_MAX: usize = 128;

const AUTH: &str = "AIO_runtime_auth";
const AUTH_HINT: &str = "make one with `echo \"$(cat /proc/sys/kernel/random/uuid):$(openssl rand -hex 32)\"`; whoever \
                         calls the runtime API brings it by HTTP Basic";

/// The lengths of the groups of a UUID.
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
const KEY_LETTERS: std::ops::RangeInclusive<usize> = 32..=256;

/// The key of a namespace, `<uuid>:<key>`: user and password of HTTP Basic.
#[derive(Clone, Debug)]
pub struct RuntimeAuth {
    pub uuid: String,
    pub key: SecretString,
}

impl RuntimeAuth {
    /// None: one of the halves is not what it should be.
    pub fn parse(text: &str) -> Option<Self> {
        let (uuid, key) = text.split_once(':')?;
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        let is_key = KEY_LETTERS.contains(&key.len()) && key.chars().all(is_letter);
        (is_uuid(uuid) && is_key).then(|| Self { uuid: uuid.to_owned(), key: SecretString::from(key) })
    }

    /// As the variable has it.
    pub fn text(&self) -> SecretString {
        SecretString::from(format!("{}:{}", self.uuid, self.key.expose_secret()))
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_group = |(group, length): (&&str, &usize)| {
        group.len() == *length && group.chars().all(|letter| letter.is_ascii_hexdigit())
    };
    groups.len() == UUID_GROUPS.len() && groups.iter().zip(&UUID_GROUPS).all(is_group)
}

/// It becomes a part of URLs.
pub(super) fn namespace(reader: &mut Reader<'_>) -> String {
    let setting = Setting {
        name: NAMESPACE,
        expected: "expected at most 128 letters, digits, `_` and `-`",
        hint: "leave it out for `local`",
    };
    let namespace = reader.parse(setting, |text| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        // `_` stands for the namespace of whoever asks.
        let is_fine = text.len() <= NAMESPACE_LETTERS_MAX && text != "_" && text.chars().all(is_letter);
        is_fine.then(|| text.to_owned())
    });
    namespace.unwrap_or_else(|| NAMESPACE_DEFAULT.to_owned())
}

/// None: `kit dev` makes one.
pub(super) fn auth(reader: &mut Reader<'_>) -> Option<RuntimeAuth> {
    let setting = Setting {
        name: AUTH,
        expected: "expected `<uuid>:<key>`, the key 32 to 256 letters, digits, `-` and `_`",
        hint: AUTH_HINT,
    };
    reader.parse(setting, |text| RuntimeAuth::parse(text.trim()))
}

/// In production somebody has said which namespace this is and who may use it. An events service has no actions.
pub(super) fn demand(reader: &mut Reader<'_>, mode: Mode, role: Role) {
    if mode != Mode::Serve || role != Role::Kit {
        return;
    }
    if !reader.is_set(NAMESPACE) {
        reader.fault(
            NAMESPACE,
            "expected the namespace of the runtime API, it is not set",
            "name it, such as `12345-shop-production`; what follows the first hyphen becomes the suffix of the providers' labels",
        );
    }
    if !reader.is_set(AUTH) {
        reader.fault(AUTH, "expected the key of the runtime API, it is not set", AUTH_HINT);
    }
}

/// What production says in tests.
#[cfg(test)]
pub(super) const SAID: [(&str, &str); 2] =
    [(NAMESPACE, "shop"), (AUTH, "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:0123456789abcdef0123456789abcdef")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, Variables};

    const UUID: &str = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";

    #[track_caller]
    fn check(uuid: &str, key: &str, is_fine: bool) {
        let text = format!("{uuid}:{key}");
        let variables = Variables::from_pairs([(AUTH, text.as_str())]);
        match Environment::read(&variables, Mode::Dev) {
            Ok(environment) => {
                assert!(is_fine, "{text}");
                let auth = environment.runtime_auth.unwrap();
                assert_eq!(auth.text().expose_secret(), text.trim());
                assert!(!format!("{auth:?}").contains(key.trim()), "{auth:?}");
            }
            Err(faults) => {
                assert!(!is_fine, "{text}");
                let faults: Vec<_> = faults.into_iter().collect();
                assert_eq!((faults.len(), faults[0].key.as_str()), (1, AUTH));
                let told = format!("{faults:?}");
                let parts = [uuid, key].into_iter().filter(|part| part.len() > 8);
                assert!(parts.into_iter().all(|part| !told.contains(part)), "{told}");
            }
        }
    }

    #[test]
    fn both_halves_of_the_key_have_their_shape() {
        let key = "123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";
        check(UUID, key, true);
        check(&UUID.to_uppercase(), &"a".repeat(32), true);
        check(UUID, &format!("kit-{}_", "a".repeat(251)), true);
        check(UUID, &format!("{key} "), true);
        for key in
            ["", "short-secret", &"a".repeat(257), &format!("{key}:"), &format!("é{key}"), &format!("{key}\n{key}")]
        {
            check(UUID, key, false);
        }
        for uuid in ["", "not-a-uuid-at-all", &UUID.replace('-', ""), &UUID.replace('2', "g"), &format!("{UUID}-")] {
            check(uuid, key, false);
        }
    }

    #[test]
    fn production_says_its_namespace_and_its_key() {
        let mut variables = Variables::from_pairs([("KIT_ENCRYPTION_KEY", "none"), ("KIT_ROLE", "kit")]);
        let keys = |variables: &Variables| -> Vec<String> {
            let faults = Environment::read(variables, Mode::Serve).map(drop).err().into_iter().flatten();
            faults.map(|fault| fault.key).filter(|key| key.starts_with("AIO_")).collect()
        };
        assert_eq!(keys(&variables), [AUTH, NAMESPACE]);
        variables.set(NAMESPACE, "_");
        assert_eq!(keys(&variables), [AUTH, NAMESPACE], "`_` is whoever asks");
        variables.set("KIT_ROLE", "events-service");
        variables.set(NAMESPACE, "shop");
        assert!(keys(&variables).is_empty(), "an events service has no actions");
    }
}
