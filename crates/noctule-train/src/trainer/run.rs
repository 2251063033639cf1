//! A run: epoch after epoch, and the files that it leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::seq::SliceRandom;

use super::error::TrainError;
use super::progress::{BatchProgress, Progress};
use super::state::{BestEpoch, Position, Trainer};
use crate::collective::together;
use crate::metrics::EpochRecord;
use crate::random::{Purpose, random};
use crate::run_directory::RunDirectory;
use crate::run_on::run_on;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// All epochs are done.
    Finished,
    /// It was asked to stop, and can be resumed.
    Interrupted,
}

impl Trainer {
    /// Trains to the last epoch, or until `stop` is set on any rank; keeps `directory` up to date. Only rank 0 writes,
    /// and only it needs a directory.
    ///
    /// # Errors
    /// If the loss or a weight is no longer finite, the engine fails, or a file cannot be written. What was written
    /// before stays usable.
    pub fn run(
        &mut self,
        directory: Option<&RunDirectory>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<RunEnd, TrainError> {
        let engine = Arc::clone(&self.engine);
        run_on(&*engine, || self.run_epochs(directory, progress, stop))
    }

    fn run_epochs(
        &mut self,
        directory: Option<&RunDirectory>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<RunEnd, TrainError> {
        let directory = directory.filter(|_| self.collective.is_root());
        self.write(|trainer| match directory {
            // Records that are newer than the checkpoint come again.
            Some(directory) if directory.metrics_path().exists() => {
                Ok(directory.truncate_metrics(trainer.position.epoch as u64)?)
            }
            _ => Ok(()),
        })?;
        self.watch_start(progress);
        while self.position.epoch < self.plan.epochs {
            self.watch_epoch_start()?;
            let end = self.train_epoch(progress, stop)?;
            self.read_metrics()?;
            self.gather_state()?;
            if end == RunEnd::Interrupted {
                return self.interrupt(directory);
            }
            self.check_weights()?;
            let Some(records) = self.finish_epoch(progress, stop)? else {
                // All batches are done; a resumed run evaluates again.
                return self.interrupt(directory);
            };
            let improved = self.note_best(&records);
            self.position = Position {
                epoch: self.position.epoch + 1,
                best: self.position.best,
                ..Position::default()
            };
            self.write(|trainer| match directory {
                Some(directory) => trainer.write_epoch(directory, &records, improved),
                None => Ok(()),
            })?;
            progress.epoch(&records);
            self.watch_epoch_end(&records, progress)?;
            self.history.extend(records);
        }
        Ok(RunEnd::Finished)
    }

    /// Leaves a checkpoint that continues with the next batch.
    fn interrupt(&mut self, directory: Option<&RunDirectory>) -> Result<RunEnd, TrainError> {
        self.write(|trainer| match directory {
            Some(directory) => trainer.save(&directory.last_path()),
            None => Ok(()),
        })?;
        Ok(RunEnd::Interrupted)
    }

    /// Lets one rank write for all, and tells all ranks whether it could.
    fn write(
        &mut self,
        writing: impl FnOnce(&mut Self) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let outcome = writing(self);
        together(&mut *self.collective, outcome)
    }

    fn write_epoch(
        &mut self,
        directory: &RunDirectory,
        records: &[EpochRecord],
        improved: bool,
    ) -> Result<(), TrainError> {
        for record in records {
            directory.append_metrics(record)?;
        }
        // The best first: the last names the best epoch, and must not name one that was never written.
        if improved {
            self.save(&directory.best_path())?;
        }
        self.save(&directory.last_path())
    }

    fn train_epoch(
        &mut self,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<RunEnd, TrainError> {
        let samples = self.samples.train.batch.len();
        let mut order: Vec<u32> = (0..samples as u32).collect();
        order.shuffle(&mut random(
            self.plan.seed,
            Purpose::Shuffle,
            self.position.epoch as u64,
        ));
        let batch_size = self.plan.batch_size;
        for indices in order.chunks(batch_size).skip(self.position.batch) {
            // All ranks stop before the same batch.
            if self.collective.any(stop.load(Ordering::Relaxed)) {
                return Ok(RunEnd::Interrupted);
            }
            self.train_batch(indices)?;
            self.position.batch += 1;
            progress.batch(BatchProgress {
                split: "train",
                epoch: (self.epoch_under_way(), self.plan.epochs),
                samples: ((self.position.batch * batch_size).min(samples), samples),
                metrics: &self.position.metrics,
            });
        }
        Ok(RunEnd::Finished)
    }

    /// The records of an epoch, of which all batches are done; `None` if `stop` was set meanwhile.
    fn finish_epoch(
        &mut self,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<EpochRecord>>, TrainError> {
        let epoch = self.epoch_under_way() as u64;
        let train = self.position.metrics.record(epoch, "train");
        let learning_rate = Some(self.last_learning_rate());
        let mut records = vec![EpochRecord {
            learning_rate,
            ..train
        }];
        let validation = self.samples.validation.as_ref().map(|_| "validation");
        for split in validation.into_iter().chain(["test"]) {
            match self.evaluate_unless(stop, split, progress)? {
                Some(record) => records.push(record),
                None => return Ok(None),
            }
        }
        Ok(Some(records))
    }

    /// Whether this epoch is the best so far. Without a validation part the last epoch counts as the best: the test
    /// samples must not choose.
    fn note_best(&mut self, records: &[EpochRecord]) -> bool {
        let Some(validation) = records.iter().find(|record| record.split == "validation") else {
            return true;
        };
        let best = &mut self.position.best;
        let improved = best.is_none_or(|best| validation.accuracy > best.accuracy);
        if improved {
            *best = Some(BestEpoch {
                epoch: self.position.epoch + 1,
                accuracy: validation.accuracy,
            });
        }
        improved
    }
}
