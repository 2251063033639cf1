//! Training: batches, epochs, checkpoints.
//!
//! A [`Trainer`] holds all the state of a run. [`Trainer::run`] trains to the last epoch or until it is asked to stop,
//! and keeps a [`RunDirectory`] up to date; [`Trainer::resume`] takes such a directory and continues to the bit. The
//! order of the samples in an epoch follows from the seed and the number of the epoch alone, so a run can stop and go
//! on after any batch.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use noctule_train::{Config, NoProgress, Trainer};
//!
//! let mut config = Config::preset("yinyang")?;
//! config.training.epochs = 1;
//! let mut trainer = Trainer::new(config, None)?; // Yin-Yang needs no files.
//! trainer.run(None, &mut NoProgress, &AtomicBool::new(false))?;
//! let test = trainer.history().iter().rfind(|record| record.split == "test").unwrap();
//! assert!(test.accuracy > 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod average;
mod batch;
mod bench;
mod error;
mod phases;
mod progress;
mod ranks;
mod scratch;
mod state;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use noctule_core::{Gradient, Guards, Network};
use noctule_data::{Augmentation, Dataset, LatencyEncoder};
use rand::seq::SliceRandom;

use crate::awake::with_threads_awake;
use crate::collective::{Collective, Solo, together};
use crate::config::Config;
use crate::experiment::{self, AnyLoss, Data, Purpose, random};
use crate::metrics::{EpochRecord, Tally};
use crate::optimiser::Optimiser;
use crate::run_directory::RunDirectory;
use average::WeightAverage;
pub(crate) use bench::median;
pub use bench::{BenchPlan, BenchReport};
pub use error::TrainError;
pub use phases::Phases;
pub use progress::{NoProgress, Progress, Standing};
use scratch::Scratch;
pub use state::{CHANGEABLE, StateError};

/// Samples that are evaluated together when nothing is learned.
const EVALUATION_BATCH: usize = 100;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done.
    Finished,
    /// It was asked to stop, and can be resumed.
    Interrupted,
}

/// The epoch that did best in validation.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Best {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// Its validation accuracy.
    pub accuracy: f64,
}

/// All the state of a run.
pub struct Trainer {
    config: Config,
    data: Data,
    augmentation: Option<Augmentation>,
    encoder: LatencyEncoder,
    loss: AnyLoss,
    guards: Guards,
    /// The network in training.
    network: Network<f32>,
    average: Option<WeightAverage>,
    optimiser: Optimiser,
    gradient: Gradient<f32>,
    scratch: Scratch,
    collective: Box<dyn Collective>,
    /// The epoch that comes next or is under way, and the batch in it that comes next.
    epoch: usize,
    batch: usize,
    tally: Tally,
    phases: Phases,
    best: Option<Best>,
    history: Vec<EpochRecord>,
}

impl Trainer {
    /// A run from its beginning; files of data sets are looked for in `data_directory`, or
    /// where [`noctule_data::data_directory`] says.
    ///
    /// # Errors
    /// If the data cannot be loaded or the configuration does not fit them.
    pub fn new(config: Config, data_directory: Option<&Path>) -> Result<Self, TrainError> {
        let data = Data::load(&config, data_directory)?;
        let encoder = experiment::encoder(&config)?;
        let inputs = encoder.population(&data.train.shape());
        let network = experiment::network(&config, inputs, &data.train)?;
        let lengths: Vec<usize> = network
            .weights()
            .map(|weights| weights.as_flat().len())
            .collect();
        let keep = config.training.weight_average;
        Ok(Self {
            average: (keep > 0.0).then(|| WeightAverage::new(keep, &network)),
            optimiser: Optimiser::new(&config.optimiser, &lengths),
            gradient: network.zero_gradient(),
            loss: experiment::loss(&config),
            guards: experiment::guards(&config),
            augmentation: experiment::augmentation(&config),
            scratch: Scratch::new(&network),
            collective: Box::new(Solo),
            config,
            data,
            encoder,
            network,
            epoch: 0,
            batch: 0,
            tally: Tally::default(),
            phases: Phases::default(),
            best: None,
            history: Vec::new(),
        })
    }

    /// What is run.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The network as it stands, with the running mean of the weights if there is one.
    pub fn network(&self) -> &Network<f32> {
        match &self.average {
            Some(average) => &average.network,
            None => &self.network,
        }
    }

    /// The encoder that turns samples into events.
    pub fn encoder(&self) -> &LatencyEncoder {
        &self.encoder
    }

    /// The loss, which also predicts classes.
    pub fn loss(&self) -> &AnyLoss {
        &self.loss
    }

    /// The samples.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The records of all finished epochs.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// The epoch that did best in validation, if there is a validation part.
    pub fn best(&self) -> Option<Best> {
        self.best
    }

    /// Number of finished epochs.
    pub fn finished_epochs(&self) -> usize {
        self.epoch
    }

    /// Trains to the last epoch, or until `stop` is set on any rank; keeps `directory` up to date. Only the rank that
    /// leads writes, and only it needs a directory.
    ///
    /// # Errors
    /// If the loss is no longer a number, or a file cannot be written. What was written before stays usable.
    pub fn run(
        &mut self,
        directory: Option<&RunDirectory>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Ending, TrainError> {
        with_threads_awake(|| self.run_in_pool(directory, progress, stop))
    }

    fn run_in_pool(
        &mut self,
        directory: Option<&RunDirectory>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Ending, TrainError> {
        let directory = directory.filter(|_| self.collective.leads());
        self.write(|trainer| match directory {
            // Records that are newer than the checkpoint come again.
            Some(directory) if directory.metrics_path().exists() => {
                Ok(directory.truncate_metrics(trainer.epoch as u64)?)
            }
            _ => Ok(()),
        })?;
        while self.epoch < self.config.training.epochs {
            let ending = self.train_epoch(progress, stop)?;
            self.share_state();
            if ending == Ending::Interrupted {
                self.write(|trainer| match directory {
                    Some(directory) => trainer.save(&directory.last_path()),
                    None => Ok(()),
                })?;
                return Ok(Ending::Interrupted);
            }
            self.check_weights()?;
            let records = self.finish_epoch(progress)?;
            let improved = self.note_best(&records);
            self.epoch += 1;
            self.batch = 0;
            self.tally = Tally::default();
            self.write(|trainer| match directory {
                Some(directory) => trainer.write_epoch(directory, &records, improved),
                None => Ok(()),
            })?;
            progress.epoch(&records);
            self.history.extend(records);
        }
        Ok(Ending::Finished)
    }

    /// Writes what one rank writes for all, and lets all know how it went.
    fn write(
        &mut self,
        writing: impl FnOnce(&Self) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let outcome = writing(self);
        together(&mut *self.collective, outcome)
    }

    fn write_epoch(
        &self,
        directory: &RunDirectory,
        records: &[EpochRecord],
        improved: bool,
    ) -> Result<(), TrainError> {
        for record in records {
            directory.append_metrics(record)?;
        }
        // The best first: the last knows which epoch that is, and must not know of one that was never written.
        if improved {
            self.save(&directory.best_path())?;
        }
        self.save(&directory.last_path())
    }

    fn train_epoch(
        &mut self,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Ending, TrainError> {
        let samples = self.data.train.len();
        let mut order: Vec<usize> = (0..samples).collect();
        order.shuffle(&mut random(
            self.config.seed,
            Purpose::Shuffle,
            self.epoch as u64,
        ));
        let batch_size = self.config.training.batch_size;
        for indices in order.chunks(batch_size).skip(self.batch) {
            // All ranks stop before the same batch.
            if self.collective.any(stop.load(Ordering::Relaxed)) {
                return Ok(Ending::Interrupted);
            }
            self.train_batch(indices)?;
            self.batch += 1;
            progress.batch(Standing {
                split: "train",
                epoch: (self.epoch, self.config.training.epochs),
                samples: ((self.batch * batch_size).min(samples), samples),
                tally: &self.tally,
            });
        }
        Ok(Ending::Finished)
    }

    fn finish_epoch(
        &mut self,
        progress: &mut dyn Progress,
    ) -> Result<Vec<EpochRecord>, TrainError> {
        let epoch = self.epoch as u64;
        let mut records = vec![self.tally.record(epoch, "train")];
        if self.data.validation.is_some() {
            records.push(self.evaluate("validation", progress)?);
        }
        records.push(self.evaluate("test", progress)?);
        Ok(records)
    }

    /// Evaluates the network as it stands on `validation` or `test` (the whole of it, without learning).
    ///
    /// # Errors
    /// If the samples cannot be encoded. A `validation` part that does not exist is empty.
    pub fn evaluate(
        &mut self,
        split: &str,
        progress: &mut dyn Progress,
    ) -> Result<EpochRecord, TrainError> {
        with_threads_awake(|| self.evaluate_in_pool(split, progress))
    }

    fn evaluate_in_pool(
        &mut self,
        split: &str,
        progress: &mut dyn Progress,
    ) -> Result<EpochRecord, TrainError> {
        let dataset = match split {
            "validation" => self.data.validation.as_ref(),
            "train" => Some(&self.data.train),
            _ => Some(&self.data.test),
        };
        let mut tally = Tally::new(&self.network);
        let samples: Vec<usize> = self
            .collective
            .share(dataset.map_or(0, Dataset::len))
            .collect();
        self.scratch.activity.set_dropout(None);
        for (batch, indices) in samples.chunks(EVALUATION_BATCH).enumerate() {
            let start = Instant::now();
            if let Some(dataset) = dataset {
                self.scratch.encode(&self.encoder, dataset, indices)?;
            }
            let Scratch {
                events,
                activity,
                labels,
                ..
            } = &mut self.scratch;
            let network = match &self.average {
                Some(average) => &average.network,
                None => &self.network,
            };
            let output = network.forward(events, activity)?;
            let evaluation = self.loss.evaluate(output, labels)?;
            tally.add(&evaluation, labels);
            tally.add_spikes(activity);
            tally.add_seconds(start.elapsed().as_secs_f64());
            let done = ((batch + 1) * EVALUATION_BATCH).min(samples.len());
            progress.batch(Standing {
                split,
                epoch: (self.epoch, self.config.training.epochs),
                samples: (done, samples.len()),
                tally: &tally,
            });
        }
        let start = Instant::now();
        tally.sum_over(&mut *self.collective);
        tally.add_seconds(start.elapsed().as_secs_f64());
        Ok(tally.record(self.epoch as u64, split))
    }

    /// Whether this epoch is the best so far. Without a validation part the last epoch is the best: the test part
    /// chooses nothing.
    fn note_best(&mut self, records: &[EpochRecord]) -> bool {
        let Some(validation) = records.iter().find(|record| record.split == "validation") else {
            return true;
        };
        let improved = self
            .best
            .is_none_or(|best| validation.accuracy > best.accuracy);
        if improved {
            self.best = Some(Best {
                epoch: self.epoch,
                accuracy: validation.accuracy,
            });
        }
        improved
    }
}
