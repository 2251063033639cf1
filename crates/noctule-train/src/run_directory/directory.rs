//! The folder of a run: made, opened, locked.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use noctule_data::folder_lock::{FolderLock, FolderLockError};

use super::error::RunDirectoryError;
use super::leftovers;
use crate::atomic::{WriteError, temporary_file, write_atomically};

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
pub(crate) const LAST: &str = "last.safetensors";
pub(crate) const BEST: &str = "best.safetensors";
pub(super) const INITIAL: &str = "initial.safetensors";

type Outcome<T> = Result<T, RunDirectoryError>;

/// A folder that holds a run, or is about to.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Given up when the last copy is dropped; a run that is only read has none.
    lock: Option<Arc<FolderLock>>,
}

impl RunDirectory {
    /// Makes a folder for a new run, with its parents, and locks it. An empty folder will do, or what a process that was
    /// killed left of a run that had not begun; one that holds anything else is refused.
    ///
    /// # Errors
    /// [`RunDirectoryError::IsRun`], [`RunDirectoryError::NotEmpty`] or [`RunDirectoryError::IsFile`] if something is there,
    /// [`RunDirectoryError::Locked`] if another process makes a run there, [`RunDirectoryError::Create`] if the folder
    /// cannot be made or written to.
    pub fn create(path: impl Into<PathBuf>) -> Outcome<Self> {
        let path = path.into();
        let failed = |cause| RunDirectoryError::Create {
            path: path.clone(),
            cause,
        };
        if path.is_file() {
            return Err(RunDirectoryError::IsFile { path });
        }
        fs::create_dir_all(&path).map_err(failed)?;
        // A folder that is refused is not touched.
        let is_taken = || leftovers::holds_anything(&path).map_err(failed);
        let is_half_made = leftovers::is_half_made(&path);
        if !is_half_made && is_taken()? {
            return Err(taken(path));
        }
        let lock = FolderLock::acquire(&path).map_err(|error| match error {
            FolderLockError::Io { cause, .. } => failed(cause),
            held @ FolderLockError::Held { .. } => RunDirectoryError::Locked(held),
        })?;
        if is_half_made && lock.is_exclusive() {
            leftovers::remove_half_made(&path).map_err(failed)?;
        }
        // Another process may have made a run there meanwhile.
        if is_taken()? {
            return Err(taken(path));
        }
        // An error now costs less than one after the first epoch.
        temporary_file(&path)
            .and_then(|probe| probe.close())
            .map_err(failed)?;
        let lock = Some(Arc::new(lock));
        Ok(Self { path, lock })
    }

    /// Makes the folder `name` in `parent`, or the first of `name-2`, `name-3` and so on that is free, however many
    /// processes ask at the same time.
    ///
    /// # Errors
    /// [`RunDirectoryError::Create`] if no folder can be made or written to.
    pub fn create_numbered(parent: &Path, name: &str) -> Outcome<Self> {
        fs::create_dir_all(parent).map_err(|cause| RunDirectoryError::Create {
            path: parent.to_owned(),
            cause,
        })?;
        let mut number = 1;
        loop {
            let path = match number {
                1 => parent.join(name),
                _ => parent.join(format!("{name}-{number}")),
            };
            number += 1;
            // To make the folder is the test whether it is free.
            match fs::create_dir(&path) {
                Ok(()) => {}
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
                    if !leftovers::is_half_made(&path) {
                        continue;
                    }
                }
                Err(cause) => return Err(RunDirectoryError::Create { path, cause }),
            }
            match Self::create(path) {
                Err(
                    RunDirectoryError::Locked(_)
                    | RunDirectoryError::IsRun { .. }
                    | RunDirectoryError::NotEmpty { .. },
                ) => {}
                created => return created,
            }
        }
    }

    /// Opens the folder of an earlier run to read it, also while another process writes it.
    ///
    /// # Errors
    /// [`RunDirectoryError::NotRun`] says what is missing.
    pub fn open(path: impl Into<PathBuf>) -> Outcome<Self> {
        let path = path.into();
        let refuse = |reason: String| {
            Err(RunDirectoryError::NotRun {
                path: path.clone(),
                reason,
            })
        };
        if !path.exists() {
            return refuse("there is nothing of that name".to_owned());
        }
        if !path.is_dir() {
            return refuse("it is a file; name the folder that holds it".to_owned());
        }
        if !path.join(CONFIG).is_file() {
            let runs = runs_within(&path);
            return refuse(match runs.first() {
                None => format!("it lacks the file `{CONFIG}`"),
                Some(first) => {
                    format!("it lacks the file `{CONFIG}`, but has runs in it, such as `{first}`")
                }
            });
        }
        Ok(Self { path, lock: None })
    }

    /// Opens the folder of an earlier run to continue it: locks it, and removes what processes that were killed left
    /// half-written.
    ///
    /// # Errors
    /// As [`RunDirectory::open`]; [`RunDirectoryError::Locked`] if another process writes the run.
    pub fn open_to_write(path: impl Into<PathBuf>) -> Outcome<Self> {
        let opened = Self::open(path)?;
        let lock = FolderLock::acquire(&opened.path).map_err(|error| match error {
            FolderLockError::Io { path, cause } => WriteError::new(&path, cause).into(),
            held @ FolderLockError::Held { .. } => RunDirectoryError::Locked(held),
        })?;
        if lock.is_exclusive() {
            leftovers::remove_temporary_files(&opened.path);
        }
        let lock = Some(Arc::new(lock));
        Ok(Self { lock, ..opened })
    }

    /// Gives up a run that has not begun, before its `config.toml`: nothing remains of it. A folder that holds other files
    /// stays.
    pub fn abandon(self) {
        let Self { path, lock } = self;
        leftovers::remove_half_made(&path).ok();
        drop(lock);
        fs::remove_dir(path).ok();
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The fully resolved experiment.
    pub fn config_path(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// A JSON object per line.
    pub fn metrics_path(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// The state after the last epoch.
    pub fn last_path(&self) -> PathBuf {
        self.path.join(LAST)
    }

    /// The state of the epoch with the best validation accuracy.
    pub fn best_path(&self) -> PathBuf {
        self.path.join(BEST)
    }

    /// The state that a run began with, if its weights came from elsewhere.
    pub fn initial_path(&self) -> PathBuf {
        self.path.join(INITIAL)
    }

    /// All files that a run may have, whether they are there or not.
    pub fn files(&self) -> [PathBuf; 6] {
        [
            self.config_path(),
            self.metrics_path(),
            self.last_path(),
            self.best_path(),
            self.initial_path(),
            self.data_directory_path(),
        ]
    }

    /// Writes `config.toml`, which makes the folder a run directory.
    ///
    /// # Errors
    /// [`RunDirectoryError::Write`].
    pub fn write_config(&self, toml: &str) -> Outcome<()> {
        Ok(write_atomically(&self.config_path(), toml.as_bytes())?)
    }
}

/// The names of the runs in a folder, as several seeds leave them.
fn runs_within(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let runs = entries.filter(|entry| entry.path().join(CONFIG).is_file());
    let mut names: Vec<String> = runs
        .map(|run| run.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Why a folder that holds something is refused.
fn taken(path: PathBuf) -> RunDirectoryError {
    if path.join(CONFIG).exists() {
        RunDirectoryError::IsRun { path }
    } else {
        RunDirectoryError::NotEmpty { path }
    }
}
