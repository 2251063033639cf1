//! A folder that one process at a time writes.
//!
//! What is locked is a file in the folder, so the system releases the lock when its holder ends, however that comes about.
//! The file says who holds the lock, and goes when the lock does. A file that a killed process left is taken over.
//!
//! Some network file systems have no locks. There a folder counts as free, and [`FolderLock::is_exclusive`] says so.
//!
//! ```
//! use noctule_data::folder_lock::{FolderLock, FolderLockError};
//!
//! let folder = tempfile::tempdir()?;
//! let lock = FolderLock::acquire(folder.path())?;
//! assert!(matches!(FolderLock::acquire(folder.path()), Err(FolderLockError::Held { .. })));
//! drop(lock);
//! FolderLock::acquire(folder.path())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use same_file::Handle;
use thiserror::Error;

/// The file that is locked.
pub const LOCK_FILE: &str = ".noctule-lock";

/// A folder that cannot be locked.
#[derive(Debug, Error)]
pub enum FolderLockError {
    /// Another process writes the folder.
    #[error("`{}` is being written by {holder}", folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// Which process, as far as it says so.
        holder: String,
    },
    /// The file that is to be locked cannot be made.
    #[error("cannot write `{}`: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

/// The right to write a folder; given up when it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    /// Closing it releases the lock. `None` where there are no locks.
    file: Option<File>,
}

impl FolderLock {
    /// Locks a folder that exists.
    ///
    /// # Errors
    /// [`FolderLockError::Held`] if another process, or another part of this one, has locked it;
    /// [`FolderLockError::Io`] if nothing can be written in it.
    pub fn acquire(folder: &Path) -> Result<Self, FolderLockError> {
        let path = folder.join(LOCK_FILE);
        match lock(&path) {
            Ok(Some(file)) => Ok(Self { path, file }),
            Ok(None) => Err(FolderLockError::Held {
                folder: folder.to_owned(),
                holder: holder(&path),
            }),
            Err(cause) => Err(FolderLockError::Io { path, cause }),
        }
    }

    /// Whether no other process can have the folder now; `false` on a file system without locks.
    pub fn is_exclusive(&self) -> bool {
        self.file.is_some()
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if self.file.is_some() {
            // While the lock is held: whoever waits for it then finds that the file is another one.
            fs::remove_file(&self.path).ok();
        }
    }
}

/// The locked file, within `Some(None)` where there are no locks; `None` if another process has it.
fn lock(path: &Path) -> io::Result<Option<Option<File>>> {
    loop {
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(_)) => {
                fs::remove_file(path).ok();
                return Ok(Some(None));
            }
        }
        // Between the two steps the last holder may have removed the file that was opened.
        if is_at(&file, path)? {
            file.set_len(0)?;
            writeln!(file, "process {} on {}", std::process::id(), host())?;
            return Ok(Some(Some(file)));
        }
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match Handle::from_path(path) {
        Ok(there) => Ok(there == Handle::from_file(file.try_clone()?)?),
        Err(gone) if gone.kind() == ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// Who holds the lock, as the file says.
fn holder(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    match text.trim() {
        "" => "another process".to_owned(),
        holder => holder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_holder_is_named_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::acquire(folder.path()).unwrap();
        assert!(lock.is_exclusive());
        let message = FolderLock::acquire(folder.path()).unwrap_err().to_string();
        let process = format!("process {} on ", std::process::id());
        assert!(message.contains(&process), "{message}");
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_a_killed_process_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOCK_FILE), "process 1 on elsewhere\n").unwrap();
        drop(FolderLock::acquire(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = FolderLock::acquire(&folder.path().join("missing"));
        assert!(matches!(missing, Err(FolderLockError::Io { .. })));
    }

    #[test]
    fn there_are_never_two_holders() {
        let folder = tempfile::tempdir().unwrap();
        let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while taken.load(Ordering::SeqCst) < 200 {
                        if let Ok(lock) = FolderLock::acquire(folder.path()) {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            holders.fetch_sub(1, Ordering::SeqCst);
                            taken.fetch_add(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
