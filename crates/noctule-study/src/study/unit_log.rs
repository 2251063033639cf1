//! [`UnitLog`]: what a study has measured so far, in a file with a line of JSON for each unit of work.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use noctule_train::{WriteError, write_atomically};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::StudyError;

/// The finished units of a study, by name. A unit is measured once: a study that is resumed reads it here.
#[derive(Debug)]
pub struct UnitLog {
    path: PathBuf,
    units: Mutex<BTreeMap<String, Unit>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Unit {
    unit: String,
    seconds: f64,
    result: Value,
}

impl UnitLog {
    /// Opens the log at `path`, which need not exist. A last line that was cut off by a crash is removed.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is damaged.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StudyError> {
        let path = path.into();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            text => text.map_err(|cause| StudyError::Read {
                path: path.clone(),
                cause,
            })?,
        };
        let end = text.iter().rposition(|&byte| byte == b'\n');
        let whole = &text[..end.map_or(0, |end| end + 1)];
        if whole.len() < text.len() {
            write_atomically(&path, whole)?;
        }
        let mut units = BTreeMap::new();
        for (index, line) in whole.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let unit: Unit = serde_json::from_slice(line).map_err(|error| StudyError::Damaged {
                path: path.clone(),
                line: index + 1,
                message: error.to_string(),
            })?;
            units.insert(unit.unit.clone(), unit);
        }
        Ok(Self {
            path,
            units: Mutex::new(units),
        })
    }

    /// The result of a unit: the recorded one, or that of `measure`, which is recorded. `None` if `measure` was asked
    /// to stop.
    ///
    /// # Errors
    /// If measuring fails, the result has a number that is NaN or infinite, the recorded result has another form, or the
    /// file cannot be written.
    pub fn unit<R: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        measure: impl FnOnce() -> Result<Option<R>, StudyError>,
    ) -> Result<Option<R>, StudyError> {
        if let Some(recorded) = self.recorded(name)? {
            return Ok(Some(recorded));
        }
        let start = Instant::now();
        let Some(result) = measure()? else {
            return Ok(None);
        };
        let value = serde_json::to_value(&result).map_err(StudyError::Json)?;
        // NaN and infinity have no form in JSON.
        if serde_json::from_value::<R>(value.clone()).is_err() {
            return Err(StudyError::NotFinite {
                unit: name.to_owned(),
            });
        }
        let unit = Unit {
            unit: name.to_owned(),
            seconds: start.elapsed().as_secs_f64(),
            result: value,
        };
        self.append(&unit)?;
        // What is returned is what a resumed study would read.
        self.recorded(name)
    }

    /// The recorded result of a unit, if it is done.
    ///
    /// # Errors
    /// If the result has another form.
    pub fn recorded<R: DeserializeOwned>(&self, name: &str) -> Result<Option<R>, StudyError> {
        let units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(unit) = units.get(name) else {
            return Ok(None);
        };
        let result = serde_json::from_value(unit.result.clone());
        result.map(Some).map_err(|error| StudyError::OtherForm {
            path: self.path.clone(),
            unit: name.to_owned(),
            message: error.to_string(),
        })
    }

    /// Number of finished units.
    pub fn len(&self) -> usize {
        let units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units.len()
    }

    /// Whether no unit is finished.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time that the finished units took, in seconds.
    pub fn seconds(&self) -> f64 {
        let units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        units.values().map(|unit| unit.seconds).sum()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn append(&self, unit: &Unit) -> Result<(), StudyError> {
        let mut line = serde_json::to_vec(unit).map_err(StudyError::Json)?;
        line.push(b'\n');
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let append = || {
            let mut options = OpenOptions::new();
            let file = options.create(true).append(true).open(&self.path);
            file?.write_all(&line)
        };
        append().map_err(|cause| WriteError {
            path: self.path.clone(),
            cause,
        })?;
        units.insert(unit.unit.clone(), unit.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_measured_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units.jsonl");
        let log = UnitLog::open(&path).unwrap();
        assert!(log.is_empty());
        assert_eq!(
            log.unit("a", || Ok(Some(0.1 + 0.2))).unwrap(),
            Some(0.1 + 0.2)
        );
        assert_eq!(log.unit::<f64>("b", || Ok(None)).unwrap(), None);
        let again = UnitLog::open(&path).unwrap();
        let measured = again.unit("a", || panic!("it is recorded"));
        assert_eq!(measured.unwrap(), Some(0.1 + 0.2));
        assert_eq!(again.len(), 1);
    }

    #[test]
    fn a_result_that_is_not_finite_is_refused_and_not_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units.jsonl");
        let log = UnitLog::open(&path).unwrap();
        for value in [f64::NAN, f64::INFINITY] {
            let error = log
                .unit("angle", || Ok(Some(value)))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("`angle`") && error.contains("NaN"),
                "{error}"
            );
        }
        assert!(!path.exists());
    }

    #[test]
    fn a_line_that_was_cut_off_is_measured_again_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("units.jsonl");
        let log = UnitLog::open(&path).unwrap();
        log.unit("a", || Ok(Some(1))).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"{\"unit\":\"b\",\"sec"].concat()).unwrap();
        let again = UnitLog::open(&path).unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!(fs::read(&path).unwrap(), whole);
        fs::write(&path, [b"nonsense\n", &whole[..]].concat()).unwrap();
        let error = UnitLog::open(&path).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        let other = again.unit::<String>("a", || Ok(None)).unwrap_err();
        assert!(other.to_string().contains("`a`"), "{other}");
    }
}
