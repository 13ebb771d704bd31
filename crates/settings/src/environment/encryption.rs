//! The keys that stored secrets are sealed with.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use schemes::Encoding;
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::environment::Mode;
use crate::environment::events::EventsApi;
use crate::environment::reader::{Reader, Setting, one_or_more};

const KEY: &str = "KIT_ENCRYPTION_KEY";
const KEY_FILE: &str = "KIT_ENCRYPTION_KEY_FILE";

/// Said instead of a key.
const NONE: &str = "none";

const HINT: &str = "make one with `openssl rand -base64 32`; `[\"the new one\",\"the old one\"]` seals with the new one and \
                    still opens what the old one has sealed";

const FILE_BYTES_MAX: u64 = 4 * 1024;

/// Whoever mounts secrets as files often makes them readable for a group. Nobody else may read them, and nobody but their
/// owner write.
const MODE_REFUSED: u32 = 0o027;

const KEY_BYTES: usize = 32;
const KEYS_MAX: usize = 4;

/// The keys, newest first; none: what is stored stays readable.
pub(super) fn keys(reader: &mut Reader<'_>) -> Vec<SecretSlice<u8>> {
    match (reader.is_set(KEY), reader.is_set(KEY_FILE)) {
        (true, true) => {
            reader.fault(KEY, "expected either this or `KIT_ENCRYPTION_KEY_FILE`", "leave one of the two out");
            Vec::new()
        }
        (true, false) => reader.parse(setting(KEY), parse).unwrap_or_default(),
        (false, true) => of_file(reader).unwrap_or_default(),
        (false, false) => Vec::new(),
    }
}

/// In production somebody has said what becomes of the secrets that our own events service keeps.
pub(super) fn demand(reader: &mut Reader<'_>, mode: Mode, api: &EventsApi) {
    let is_kept = mode == Mode::Serve && *api == EventsApi::Embedded;
    if is_kept && !reader.is_set(KEY) && !reader.is_set(KEY_FILE) {
        reader.fault(
            KEY,
            "expected a key for the secrets that our own events service keeps, it is not set",
            "make one with `openssl rand -base64 32` and keep it outside of KIT_DATA, or say `none` to leave them readable",
        );
    }
}

fn setting(name: &'static str) -> Setting<'static> {
    Setting {
        name,
        expected: "expected 32 bytes in base64 or hexadecimal digits, a JSON array of at most 4 such keys, or `none`",
        hint: HINT,
    }
}

fn parse(text: &str) -> Option<Vec<SecretSlice<u8>>> {
    if text.trim() == NONE {
        return Some(Vec::new());
    }
    let keys = one_or_more(text.trim(), KEYS_MAX)?;
    keys.iter().map(|key| bytes(key.expose_secret().trim())).collect()
}

/// In base64, base64url or hexadecimal digits.
fn bytes(text: &str) -> Option<SecretSlice<u8>> {
    let encodings = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url].into_iter();
    let mut read = encodings.filter_map(|encoding| encoding.decode(text));
    read.find(|bytes| bytes.len() == KEY_BYTES).map(SecretSlice::from)
}

fn of_file(reader: &mut Reader<'_>) -> Option<Vec<SecretSlice<u8>>> {
    let path = reader.get(KEY_FILE)?.to_owned();
    match read(Path::new(&path)) {
        Ok((_, mode)) if mode & MODE_REFUSED != 0 => {
            reader.fault(
                KEY_FILE,
                format!(
                    "expected a file that its owner alone can write and no stranger can read, its mode is {mode:03o}"
                ),
                "`chmod 600` makes it so",
            );
            None
        }
        Ok((text, _)) => {
            let keys = parse(&text);
            if keys.is_none() {
                let Setting { name, expected, hint } = setting(KEY_FILE);
                reader.fault(name, format!("{expected}, in the file"), hint);
            }
            keys
        }
        Err(error) => {
            reader.fault(
                KEY_FILE,
                format!("expected a file with the key that can be read: {error}"),
                "its path counts from the folder of the project",
            );
            None
        }
    }
}

/// The text and the mode.
fn read(path: &Path) -> io::Result<(String, u32)> {
    let file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok((text, mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::runtime::SAID;
    use crate::{Environment, Faults, Variables};

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1ff0";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH/A=";
    const BASE64_URL: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH_A";

    fn read(mode: Mode, pairs: &[(&str, &str)]) -> Result<Vec<SecretSlice<u8>>, Faults> {
        let mut variables = Variables::from_pairs([
            SAID[0],
            SAID[1],
            ("KIT_INGESTION_AUTH", "none"),
            ("COMMERCE_BASE_URL", "https://shop.example.com/rest/"),
            ("COMMERCE_ACCESS_TOKEN", "token"),
            ("KIT_BACKOFFICE_URL", "https://erp.example.com/"),
        ]);
        for (name, value) in pairs {
            variables.set(*name, *value);
        }
        Environment::read(&variables, mode).map(|environment| {
            assert!(!format!("{environment:?}").contains("15, 16, 17"), "a key does not show");
            environment.encryption_keys
        })
    }

    #[track_caller]
    fn check(value: &str, count: usize) {
        let keys = read(Mode::Serve, &[(KEY, value)]).unwrap();
        assert_eq!(keys.len(), count, "{value}");
        for key in keys {
            assert!(key.expose_secret().starts_with(&[0, 1, 2]) && key.expose_secret().ends_with(&[0x1f, 0xf0]));
        }
    }

    /// The one fault begins so, and shows no key.
    #[track_caller]
    fn check_fault(pairs: &[(&str, &str)], expected: &str) {
        let faults = read(Mode::Serve, pairs).unwrap_err();
        let text = faults.to_string();
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(faults.len(), 1, "{text}");
        assert!(!text.contains(&HEX[..16]) && !text.contains(&BASE64[..16]), "{text}");
    }

    #[test]
    fn keys_are_read_in_every_spelling_of_32_bytes() {
        check(HEX, 1);
        check(&HEX.to_uppercase(), 1);
        check(BASE64, 1);
        check(BASE64_URL, 1);
        check(&format!(r#"["{BASE64}", "{HEX}"]"#), 2);
        check("none", 0);
        for wrong in ["AAEC", &HEX[2..], &format!("{HEX}00"), &BASE64[1..], "[]", "true", &format!(r#"["{HEX}",""]"#)] {
            check_fault(&[(KEY, wrong)], "`KIT_ENCRYPTION_KEY`: expected 32 bytes in base64");
        }
        let five = format!("[{}]", vec![format!("\"{HEX}\""); 5].join(","));
        check_fault(&[(KEY, &five)], "`KIT_ENCRYPTION_KEY`: expected 32 bytes in base64");
    }

    #[test]
    fn production_wants_a_word_on_it_where_secrets_are_kept() {
        check_fault(&[], "`KIT_ENCRYPTION_KEY`: expected a key for the secrets that our own events service keeps");
        assert!(read(Mode::Dev, &[]).unwrap().is_empty());
        let elsewhere = [
            ("KIT_EVENTS_API", "adobe"),
            ("OAUTH_CLIENT_ID", "client"),
            ("OAUTH_CLIENT_SECRET", "s3cr3t"),
            ("OAUTH_ORG_ID", "0123456789ABCDEF01234567@AdobeOrg"),
            ("IO_CONSUMER_ID", "10"),
            ("IO_PROJECT_ID", "20"),
            ("IO_WORKSPACE_ID", "30"),
        ];
        assert!(read(Mode::Serve, &elsewhere).unwrap().is_empty());
    }

    #[test]
    fn a_file_with_keys_is_for_few_eyes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let text = path.to_str().unwrap();
        let write = |content: &str, mode: u32| {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        check_fault(&[(KEY_FILE, text)], "`KIT_ENCRYPTION_KEY_FILE`: expected a file with the key that can be read: ");
        for mode in [0o600, 0o400, 0o640] {
            write(&format!("{BASE64}\n"), mode);
            assert_eq!(read(Mode::Serve, &[(KEY_FILE, text)]).unwrap().len(), 1, "{mode:o}");
        }
        for mode in [0o604, 0o620, 0o666] {
            write(BASE64, mode);
            check_fault(
                &[(KEY_FILE, text)],
                "`KIT_ENCRYPTION_KEY_FILE`: expected a file that its owner alone can write",
            );
        }
        write("AAEC", 0o600);
        check_fault(
            &[(KEY_FILE, text)],
            "`KIT_ENCRYPTION_KEY_FILE`: expected 32 bytes in base64 or hexadecimal digits",
        );
        let both = [(KEY_FILE, text), (KEY, "none")];
        check_fault(&both, "`KIT_ENCRYPTION_KEY`: expected either this or `KIT_ENCRYPTION_KEY_FILE`");
    }
}
