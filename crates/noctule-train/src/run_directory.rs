//! The folder of a run.
//!
//! | file | contents |
//! |---|---|
//! | `config.toml` | the experiment, fully resolved |
//! | `metrics.jsonl` | a JSON object per line: one per epoch and split |
//! | `last.safetensors` | the state after the last epoch, to resume from |
//! | `best.safetensors` | the state of the epoch with the best validation accuracy |
//! | `data-dir.txt` | where the data lie, if the run has any |
//!
//! ```
//! use noctule_train::run_directory::RunDirectory;
//!
//! let parent = tempfile::tempdir()?;
//! let run = RunDirectory::create(parent.path().join("runs/first"))?;
//! run.write_config("name = 'first'\n")?;
//! run.append_metrics(&serde_json::json!({ "epoch": 1, "loss": 2.5 }))?;
//! run.append_metrics(&serde_json::json!({ "epoch": 2, "loss": 1.5 }))?;
//! run.truncate_metrics(1)?;
//! assert_eq!(run.read_metrics()?, [serde_json::json!({ "epoch": 1, "loss": 2.5 })]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod data_directory;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::atomic::{WriteError, temporary_file, write_atomically};

const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
pub(crate) const LAST: &str = "last.safetensors";
pub(crate) const BEST: &str = "best.safetensors";

/// A folder that holds a run, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

/// A run directory could not be made, opened, read or written.
#[derive(Debug, Error)]
pub enum RunDirectoryError {
    /// There is a run in the folder already.
    #[error("`{}` already holds a run; resume it with `--resume`, or choose another folder", path.display())]
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

type Outcome<T> = Result<T, RunDirectoryError>;

impl RunDirectory {
    /// Makes a folder for a new run, with its parents. An empty folder will do; one that holds anything is refused.
    ///
    /// # Errors
    /// [`RunDirectoryError::IsRun`], [`RunDirectoryError::NotEmpty`] or [`RunDirectoryError::IsFile`] if something is
    /// there, [`RunDirectoryError::Create`] if the folder cannot be made or written to.
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
        if fs::read_dir(&path).map_err(failed)?.next().is_some() {
            return Err(if path.join(CONFIG).exists() {
                RunDirectoryError::IsRun { path }
            } else {
                RunDirectoryError::NotEmpty { path }
            });
        }
        // An error now costs less than one after the first epoch.
        temporary_file(&path)
            .and_then(|probe| probe.close())
            .map_err(failed)?;
        Ok(Self { path })
    }

    /// Opens the folder of an earlier run.
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
            return refuse(format!("it lacks the file `{CONFIG}`"));
        }
        Ok(Self { path })
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

    /// Writes `config.toml`, which makes the folder a run directory.
    ///
    /// # Errors
    /// [`RunDirectoryError::Write`].
    pub fn write_config(&self, toml: &str) -> Outcome<()> {
        Ok(write_atomically(&self.config_path(), toml.as_bytes())?)
    }

    /// Adds a record to the metrics, as one line.
    ///
    /// # Errors
    /// [`RunDirectoryError::Record`] if it has no JSON form, [`RunDirectoryError::Write`] if it cannot be written;
    /// [`RunDirectory::truncate_metrics`] then removes a line that was written in part.
    pub fn append_metrics(&self, record: &impl Serialize) -> Outcome<()> {
        let mut line = serde_json::to_vec(record).map_err(RunDirectoryError::Record)?;
        line.push(b'\n');
        let path = self.metrics_path();
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(&line)?;
            file.flush()
        };
        Ok(append().map_err(|cause| WriteError::new(&path, cause))?)
    }

    /// All records. A last line that was cut off by a crash is left out; no file means no records.
    ///
    /// # Errors
    /// [`RunDirectoryError::Read`], or [`RunDirectoryError::Metrics`] for a damaged line that is not the last.
    pub fn read_metrics(&self) -> Outcome<Vec<Value>> {
        let text = self.metrics_text()?;
        let records = self.whole_records(&text)?.into_iter();
        Ok(records.map(|(_, record)| record).collect())
    }

    /// Keeps the records of the first `epochs` epochs, as their key `epoch` says, so that a run can resume there. A line
    /// that was cut off by a crash goes too; the other lines stay as they are, byte for byte.
    ///
    /// # Errors
    /// As [`RunDirectory::read_metrics`]; [`RunDirectoryError::Metrics`] also for a record without an epoch, and
    /// [`RunDirectoryError::Write`]. The file is then as it was.
    pub fn truncate_metrics(&self, epochs: u64) -> Outcome<()> {
        let text = self.metrics_text()?;
        let mut kept = Vec::new();
        for (index, (line, record)) in self.whole_records(&text)?.into_iter().enumerate() {
            let Some(recorded) = record.get("epoch").and_then(Value::as_u64) else {
                let message = "the record has no `epoch`";
                return Err(damaged(self.metrics_path(), index, message));
            };
            if recorded <= epochs {
                kept.extend_from_slice(line.trim_ascii_end());
                kept.push(b'\n');
            }
        }
        Ok(write_atomically(&self.metrics_path(), &kept)?)
    }

    fn metrics_text(&self) -> Outcome<Vec<u8>> {
        let path = self.metrics_path();
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(cause) => Err(RunDirectoryError::Read { path, cause }),
        }
    }

    /// Each line with what it says, without a last line that breaks off.
    fn whole_records<'a>(&self, text: &'a [u8]) -> Outcome<Vec<(&'a [u8], Value)>> {
        let mut records = Vec::new();
        for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            match serde_json::from_slice(line) {
                Ok(record) => records.push((line, record)),
                Err(_) if !line.ends_with(b"\n") => break,
                Err(error) => return Err(damaged(self.metrics_path(), index, &error.to_string())),
            }
        }
        Ok(records)
    }
}

fn damaged(path: PathBuf, index: usize, message: &str) -> RunDirectoryError {
    RunDirectoryError::Metrics {
        path,
        line: index + 1,
        message: message.to_owned(),
    }
}
