//! Who besides its owner can get at `.env`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{ENV_FILE, Fault};

const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;

/// That others than its owner can get at the project's `.env`, which holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvFileOpen {
    mode: u32,
}

impl EnvFileOpen {
    /// `None`: only the owner can, or there is no such file.
    pub fn of(root: &Path) -> Option<Self> {
        let mode = fs::metadata(root.join(ENV_FILE)).ok()?.permissions().mode() & 0o777;
        (mode & (GROUP | OTHERS) != 0).then_some(Self { mode })
    }

    /// Whether everybody on the machine can, not the file's group alone.
    pub fn is_for_everybody(self) -> bool {
        self.mode & OTHERS != 0
    }

    /// As something to mend.
    pub fn fault(self) -> Fault {
        let whose = if self.is_for_everybody() { "everybody on this machine" } else { "its group" };
        let problem = format!("it holds secrets, and its mode {:03o} lets {whose} at them", self.mode);
        Fault::new(None, ENV_FILE, problem, format!("chmod 600 {ENV_FILE}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mode: u32, whose: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(ENV_FILE);
        fs::write(&file, "A=b\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let open = EnvFileOpen::of(folder.path());
        assert_eq!(open.is_some(), whose.is_some(), "{mode:o}");
        if let (Some(open), Some(whose)) = (open, whose) {
            let text = open.fault().to_string();
            assert!(text.contains(whose) && text.ends_with("hint: chmod 600 .env"), "{text}");
            assert_eq!(open.is_for_everybody(), whose == "everybody");
        }
    }

    #[test]
    fn only_the_owner_is_to_read_or_write_it() {
        check(0o600, None);
        check(0o400, None);
        check(0o640, Some("its group"));
        check(0o620, Some("its group"));
        check(0o644, Some("everybody"));
        check(0o602, Some("everybody"));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(EnvFileOpen::of(folder.path()), None, "there is none");
    }
}
