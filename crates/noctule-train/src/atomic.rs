//! Files that are either whole or not there.
//!
//! [`write_atomically`] writes beside the target, waits for the disk, and renames. A reader, a crash or a full disk
//! therefore finds the old file or the new one, never a part of one.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let target = folder.path().join("config.toml");
//! noctule_train::write_atomically(&target, b"seed = 0\n")?;
//! assert_eq!(std::fs::read(&target)?, b"seed = 0\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};
use thiserror::Error;

/// A file could not be written; what stood there before is untouched.
#[derive(Debug, Error)]
#[error("cannot write `{}`: {cause}{}", path.display(), advice(cause))]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What the operating system said.
    #[source]
    pub cause: io::Error,
}

impl WriteError {
    pub(crate) fn new(path: &Path, cause: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            cause,
        }
    }
}

fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space or choose a folder on another disk"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that you may write to"
        }
        io::ErrorKind::NotFound => "; create its folder first",
        io::ErrorKind::NotADirectory => "; a part of its path is a file, not a folder",
        _ => "",
    }
}

/// Writes `bytes` to `path`, replacing what was there, so that no reader ever sees a part of them. Where `path` is a
/// symbolic link, the file that it names is replaced; what is not a file, such as a device, is left alone.
///
/// # Errors
/// [`WriteError`] names the path and the cause (no such folder, permission, disk full). The old file stays as it was
/// and no temporary file is left behind.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    replace_atomically(path, |file| file.write_all(bytes))
}

/// As [`write_atomically`], for contents that `write` writes piece by piece.
///
/// # Errors
/// As [`write_atomically`], and what `write` returns.
pub fn replace_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    write_beside_and_rename(path, write).map_err(|cause| WriteError::new(path, cause))
}

fn write_beside_and_rename(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let resolved;
    let path = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => {
            let message = "what is there is not a regular file; name one, or a new name";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(_) => {
            resolved = fs::canonicalize(path)?;
            &resolved
        }
        Err(_) => path,
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = temporary_file(folder)?;
    write(temporary.as_file_mut())?;
    temporary.as_file().sync_all()?;
    temporary
        .persist(path)
        .map_err(|failure| without_temporary_name(failure.error))?;
    sync_folder(folder)
}

const PREFIX: &str = ".noctule-";
const SUFFIX: &str = ".tmp";

/// Whether a file of this name was never completed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

pub(crate) fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // Temporary files are private by default; results are for everyone whom the user's umask admits.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(without_temporary_name)
}

/// tempfile adds the name of its temporary file to the cause, which means nothing to the reader.
fn without_temporary_name(cause: io::Error) -> io::Error {
    match cause.get_ref() {
        Some(_) => cause.kind().into(),
        None => cause,
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    // The rename itself must survive a power cut. Some file systems cannot sync a folder; no data is lost then.
    File::open(folder)?.sync_all().or(Ok(()))
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_old_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        write_atomically(&target, b"a much longer first version").unwrap();
        write_atomically(&target, b"second").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"second");
        assert_eq!(names_in(folder.path()), ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn follows_links_and_leaves_devices_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("a.txt"), folder.path().join("link"));
        fs::write(&target, b"first").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_atomically(&link, b"second").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"second");

        let device = folder.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        let message = write_atomically(&device, b"x").unwrap_err().to_string();
        assert!(message.contains("not a regular file"), "{message}");
        assert_eq!(names_in(folder.path()), ["a.txt", "device", "link"]);
    }

    #[test]
    fn a_failed_rename_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("inside"), b"kept").unwrap();
        let error = write_atomically(&target, b"x").unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(names_in(folder.path()), ["taken"]);
        assert_eq!(names_in(&target), ["inside"]);
    }

    #[test]
    fn says_which_path_and_why() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere/a.txt");
        let message = write_atomically(&missing, b"x").unwrap_err().to_string();
        assert!(message.contains("nowhere/a.txt"), "{message}");
        assert!(message.contains("create its folder"), "{message}");
        assert!(!message.contains(".noctule-"), "{message}");

        fs::write(folder.path().join("file"), b"x").unwrap();
        let below_a_file = folder.path().join("file/a.txt");
        let message = write_atomically(&below_a_file, b"x")
            .unwrap_err()
            .to_string();
        assert!(message.contains("a file, not a folder"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn is_readable_by_whom_the_umask_admits() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        fs::write(&plain, b"x").unwrap();
        let atomic = folder.path().join("atomic");
        write_atomically(&atomic, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&atomic), mode(&plain));
    }
}
