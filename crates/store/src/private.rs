//! A folder and files that nobody but their owner can use, whatever the umask.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// What everybody but the owner may do.
const OTHERS: u32 = 0o077;

/// Makes the folder, for its owner only, and takes away what others may do with it and with these files of it: an earlier
/// version may have made them, or a copy. A folder that has none of them is left as it is: it may be shared on purpose.
///
/// # Errors
/// Others can use what is not ours to change, or the file system refused.
pub fn keep_private(folder: &Path, files: &[&str]) -> Result<(), OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let files: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).filter(|file| file.exists()).collect();
    let is_ours = !files.is_empty() || fs::read_dir(folder)?.next().is_none();
    if !is_ours && mode(folder)? & OTHERS != 0 {
        return Err(OpenError::Exposed {
            path: folder.to_owned(),
            mode: mode(folder)?,
            source: ErrorKind::DirectoryNotEmpty.into(),
        });
    }
    let mut closed = Vec::new();
    for path in [folder.to_owned()].into_iter().chain(files) {
        if close(&path)? {
            closed.push(path);
        }
    }
    if !closed.is_empty() {
        tracing::warn!(paths = ?closed, "others could use what is stored here; now only its owner can");
    }
    Ok(())
}

/// Makes a file that is empty, for its owner only, unless it is there. Who opens it later with other rights in mind finds
/// these.
///
/// # Errors
/// The file system refused.
pub fn make_private(path: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Takes away what others may do; says whether that was anything. What has gone meanwhile, as a log does, is private.
fn close(path: &Path) -> Result<bool, OpenError> {
    let mode = match mode(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        mode => mode?,
    };
    if mode & OTHERS == 0 {
        return Ok(false);
    }
    match fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(OpenError::Exposed { path: path.to_owned(), mode, source }),
    }
}

fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o7777)
}
