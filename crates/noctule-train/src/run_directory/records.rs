//! The records in `metrics.jsonl`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::directory::RunDirectory;
use super::error::RunDirectoryError;
use crate::atomic::{WriteError, write_atomically};
use crate::metrics::EpochRecord;

type Outcome<T> = Result<T, RunDirectoryError>;

impl RunDirectory {
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

    /// All records of epochs.
    ///
    /// # Errors
    /// As [`RunDirectory::read_metrics`]; [`RunDirectoryError::Metrics`] also for a record that is not one of an epoch.
    pub fn read_epochs(&self) -> Outcome<Vec<EpochRecord>> {
        let records = self.read_metrics()?.into_iter().enumerate();
        let read = |(index, record)| {
            serde_json::from_value(record)
                .map_err(|error| damaged(self.metrics_path(), index, &error.to_string()))
        };
        records.map(read).collect()
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
