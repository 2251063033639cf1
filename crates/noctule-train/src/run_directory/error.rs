//! What can be wrong with a run directory.

use std::io;
use std::path::PathBuf;

use noctule_data::folder_lock::FolderLockError;
use noctule_data::shell::quoted;
use thiserror::Error;

use crate::atomic::WriteError;

/// A run directory could not be made, opened, read or written.
#[derive(Debug, Error)]
pub enum RunDirectoryError {
    /// There is a run in the folder already.
    #[error(
        "`{}` already holds a run; continue it with `noctule train --resume {}`, or choose another folder",
        path.display(), quoted(path)
    )]
    IsRun {
        /// The folder.
        path: PathBuf,
    },
    /// There is a file of that name.
    #[error("`{}` is a file; name a new or an empty folder for the run", path.display())]
    IsFile {
        /// The path.
        path: PathBuf,
    },
    /// The folder holds other files.
    #[error("`{}` is not empty; choose a new or an empty folder for the run", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes the folder.
    #[error("{0}; wait until it is done, or choose another folder")]
    Locked(FolderLockError),
    /// The folder cannot be made, or nothing can be written in it.
    #[error("cannot make the run directory `{}`: {cause}", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The path is not a folder, or not that of a run.
    #[error("`{}` is not a run directory: {reason}", path.display())]
    NotRun {
        /// The path.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A line of the metrics is not what was written.
    #[error("`{}`, line {line}: {message}; remove the line, or restore the file", path.display())]
    Metrics {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A record cannot be written as JSON.
    #[error("cannot write a record of metrics as JSON: {0}")]
    Record(#[source] serde_json::Error),
}
