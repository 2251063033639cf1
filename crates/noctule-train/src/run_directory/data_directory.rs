//! Where a run has its data from: a file `data-dir.txt` beside its experiment.
//!
//! The directory belongs to the machine, not to the experiment, so it is not in `config.toml`. With it, a run can be
//! resumed and evaluated without naming its data again.
//!
//! ```
//! use noctule_train::run_directory::RunDirectory;
//!
//! let parent = tempfile::tempdir()?;
//! let run = RunDirectory::create(parent.path().join("run"))?;
//! assert_eq!(run.recorded_data_directory()?, None);
//! run.record_data_directory(parent.path())?;
//! assert_eq!(run.recorded_data_directory()?.as_deref(), Some(parent.path()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::directory::RunDirectory;
use super::error::RunDirectoryError;
use crate::atomic::{WriteError, write_atomically};

const DATA_DIRECTORY: &str = "data-dir.txt";

impl RunDirectory {
    /// The file that names the directory of the run's data.
    pub fn data_directory_path(&self) -> PathBuf {
        self.path().join(DATA_DIRECTORY)
    }

    /// Writes where the run has its data from, as an absolute path: the run may be resumed from another folder.
    ///
    /// # Errors
    /// [`RunDirectoryError::Write`].
    pub fn record_data_directory(&self, directory: &Path) -> Result<(), RunDirectoryError> {
        let file = self.data_directory_path();
        let absolute =
            std::path::absolute(directory).map_err(|cause| WriteError::new(&file, cause))?;
        let mut bytes = absolute.as_os_str().as_encoded_bytes().to_vec();
        bytes.push(b'\n');
        Ok(write_atomically(&file, &bytes)?)
    }

    /// Where the run has its data from; `None` if that was not written, or there is no such directory any more, as after
    /// a move to another machine.
    ///
    /// # Errors
    /// [`RunDirectoryError::Read`] if the file is there but cannot be read.
    pub fn recorded_data_directory(&self) -> Result<Option<PathBuf>, RunDirectoryError> {
        let path = self.data_directory_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(RunDirectoryError::Read { path, cause }),
        };
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(path_of(line).filter(|directory| directory.is_dir()))
    }
}

/// The path of these bytes; on Unix it need not be UTF-8.
#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    (!bytes.is_empty()).then(|| OsString::from_vec(bytes.to_vec()).into())
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty()).then(|| OsString::from(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_gone_is_not_named() {
        let parent = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(parent.path().join("run")).unwrap();
        let data = parent.path().join("data");
        fs::create_dir(&data).unwrap();
        run.record_data_directory(&data).unwrap();
        assert_eq!(run.recorded_data_directory().unwrap(), Some(data.clone()));
        fs::remove_dir(&data).unwrap();
        assert_eq!(run.recorded_data_directory().unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_comes_back() {
        use std::os::unix::ffi::OsStringExt;
        let parent = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(parent.path().join("run")).unwrap();
        let data = parent
            .path()
            .join(OsString::from_vec(b"caf\xe9\nbar".to_vec()));
        fs::create_dir(&data).unwrap();
        run.record_data_directory(&data).unwrap();
        assert_eq!(run.recorded_data_directory().unwrap(), Some(data));
    }

    #[test]
    fn an_editor_may_have_saved_the_file() {
        let parent = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(parent.path().join("run")).unwrap();
        let directory = parent.path().to_str().unwrap();
        for text in [directory.to_owned(), format!("{directory}\r\n")] {
            fs::write(run.data_directory_path(), text).unwrap();
            let read = run.recorded_data_directory().unwrap();
            assert_eq!(read.as_deref(), Some(parent.path()));
        }
    }
}
