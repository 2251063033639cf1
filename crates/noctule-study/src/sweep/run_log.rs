//! The runs that are done, in a file with a line of JSON for each.
//!
//! A line is added when a run is done, in whatever order that happens. When all are done, the file is written anew, in the
//! order of points and repeats, so that it does not tell of threads or interruptions.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use noctule_train::{WriteError, write_atomically};
use thiserror::Error;

use super::record::RunRecord;

/// A file of runs.
#[derive(Debug)]
pub struct RunLog {
    path: PathBuf,
    /// Runs that end at the same time write one after the other.
    turn: Mutex<()>,
}

/// The runs cannot be read, are those of another sweep, or cannot be kept.
#[derive(Debug, Error)]
pub enum RunLogError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// A line is not what was written.
    #[error("`{}`, line {line}: {message}; remove the line, and its run will be done again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A run of another experiment, or with other data.
    #[error(
        "`{}`, line {line}: this run is of another experiment or other data; restore config.toml, name the directory of \
         the data with --data-dir, or start a new sweep in another folder", path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// A run that the sweep does not have.
    #[error(
        "`{}`, line {line}: this is run {number} at point {point}, which the sweep does not have; sweep.repeats may grow, \
         but not shrink, and the values of the axes must stay", path.display()
    )]
    TooMany {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The point, counted from 1.
        point: usize,
        /// The run at this point, counted from 1.
        number: usize,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A run has no JSON form.
    #[error("cannot write a run as JSON: {0}")]
    Record(#[from] serde_json::Error),
}

impl RunLog {
    /// The file at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            turn: Mutex::new(()),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The runs that are done. A last line that was cut off by a crash is removed; no file means no runs.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is damaged.
    pub fn read(&self) -> Result<Vec<RunRecord>, RunLogError> {
        let text = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(|cause| RunLogError::Read {
                path: self.path.clone(),
                cause,
            })?,
        };
        let whole = text
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        if whole < text.len() {
            write_atomically(&self.path, &text[..whole])?;
        }
        let lines = text[..whole].split_inclusive(|&byte| byte == b'\n');
        let record = |(index, line)| {
            serde_json::from_slice(line).map_err(|error| RunLogError::Damaged {
                path: self.path.clone(),
                line: index + 1,
                message: error.to_string(),
            })
        };
        lines.enumerate().map(record).collect()
    }

    /// The error for a run that the sweep does not have.
    pub(super) fn too_many(&self, line: usize, record: &RunRecord) -> RunLogError {
        RunLogError::TooMany {
            path: self.path.clone(),
            line,
            point: record.point.saturating_add(1),
            number: record.repeat.saturating_add(1),
        }
    }

    /// The error for a run of another sweep.
    pub(super) fn of_another_sweep(&self, line: usize) -> RunLogError {
        RunLogError::Other {
            path: self.path.clone(),
            line,
        }
    }

    /// Adds a run.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&self, record: &RunRecord) -> Result<(), RunLogError> {
        let line = line(record)?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let append = || {
            let mut options = OpenOptions::new();
            options
                .create(true)
                .append(true)
                .open(&self.path)?
                .write_all(&line)
        };
        Ok(append().map_err(|cause| WriteError {
            path: self.path.clone(),
            cause,
        })?)
    }

    /// Replaces the file by these runs, in the order of points and repeats.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn rewrite(&self, records: &[RunRecord]) -> Result<(), RunLogError> {
        let mut records: Vec<&RunRecord> = records.iter().collect();
        records.sort_by_key(|record| (record.point, record.repeat));
        let lines: Result<Vec<Vec<u8>>, _> = records.into_iter().map(line).collect();
        Ok(write_atomically(&self.path, &lines?.concat())?)
    }
}

fn line(record: &RunRecord) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}
