//! [`Units`]: the log of a study together with how far it is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::study::{StudyContext, StudyError, UnitLog};

/// The units of a study, counted.
pub(super) struct Units<'a> {
    context: &'a StudyContext<'a>,
    log: UnitLog,
    done: usize,
    total: usize,
}

impl<'a> Units<'a> {
    /// Opens the log of the study, which has `total` units.
    pub(super) fn open(context: &'a StudyContext<'a>, total: usize) -> Result<Self, StudyError> {
        Ok(Self {
            context,
            log: UnitLog::open(context.directory.join("units.jsonl"))?,
            done: 0,
            total,
        })
    }

    /// Says that work begins which is not in the log.
    pub(super) fn begin(&mut self, doing: &str) {
        self.context.progress.show(self.done, self.total, doing);
        self.done += 1;
    }

    /// Measures a unit of `part` of the study, or reads it if it was measured before; `None` if the study is to stop.
    pub(super) fn unit<R: Serialize + DeserializeOwned>(
        &mut self,
        part: &str,
        what: &str,
        measure: impl FnOnce() -> Result<Option<R>, StudyError>,
    ) -> Result<Option<R>, StudyError> {
        let name = format!("{part}: {what}");
        self.begin(&name);
        if self.context.is_stopped() {
            return Ok(None);
        }
        self.log.unit(&name, measure)
    }

    /// The time that all units took, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.log.seconds()
    }

    /// Says that all is done.
    pub(super) fn finish(&self) {
        self.context.progress.show(self.total, self.total, "");
    }
}
