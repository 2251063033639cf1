//! On which back end a sweep was begun: a file `backend.txt` beside its experiment. Trainings note theirs in their
//! checkpoints.
//!
//! ```
//! use noctule_train::run_directory::RunDirectory;
//!
//! let parent = tempfile::tempdir()?;
//! let sweep = RunDirectory::create(parent.path().join("sweep"))?;
//! assert_eq!(sweep.recorded_backend()?, None);
//! sweep.record_backend("cuda")?;
//! assert_eq!(sweep.recorded_backend()?.as_deref(), Some("cuda"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fs;
use std::io;
use std::path::PathBuf;

use super::directory::RunDirectory;
use super::error::RunDirectoryError;
use crate::atomic::write_atomically;

const BACKEND: &str = "backend.txt";

impl RunDirectory {
    /// Writes the name of the back end.
    ///
    /// # Errors
    /// [`RunDirectoryError::Write`].
    pub fn record_backend(&self, name: &str) -> Result<(), RunDirectoryError> {
        Ok(write_atomically(
            &self.backend_path(),
            format!("{name}\n").as_bytes(),
        )?)
    }

    /// The name of the back end; `None` if none was written.
    ///
    /// # Errors
    /// [`RunDirectoryError::Read`] if the file is there but cannot be read.
    pub fn recorded_backend(&self) -> Result<Option<String>, RunDirectoryError> {
        let path = self.backend_path();
        match fs::read_to_string(&path) {
            Ok(name) => Ok(Some(name.trim().to_owned()).filter(|name| !name.is_empty())),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(RunDirectoryError::Read { path, cause }),
        }
    }

    fn backend_path(&self) -> PathBuf {
        self.path().join(BACKEND)
    }
}
