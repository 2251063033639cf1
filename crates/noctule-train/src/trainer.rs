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

mod error;
mod progress;
mod scratch;
mod state;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use noctule_core::{Gradient, Guards, Network, Weights};
use noctule_data::{Augmentation, Dataset, LatencyEncoder};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::config::Config;
use crate::experiment::{self, AnyLoss, Data, Purpose, random};
use crate::metrics::{EpochRecord, Tally};
use crate::optimiser::Optimiser;
use crate::run_directory::RunDirectory;
pub use error::TrainError;
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
    network: Network<f32>,
    optimiser: Optimiser,
    gradient: Gradient<f32>,
    scratch: Scratch,
    /// The epoch that comes next or is under way, and the batch in it that comes next.
    epoch: usize,
    batch: usize,
    tally: Tally,
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
        Ok(Self {
            optimiser: Optimiser::new(&config.optimiser, &lengths),
            gradient: network.zero_gradient(),
            loss: experiment::loss(&config),
            guards: experiment::guards(&config),
            augmentation: experiment::augmentation(&config),
            scratch: Scratch::new(inputs),
            config,
            data,
            encoder,
            network,
            epoch: 0,
            batch: 0,
            tally: Tally::default(),
            best: None,
            history: Vec::new(),
        })
    }

    /// What is run.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The network as it stands.
    pub fn network(&self) -> &Network<f32> {
        &self.network
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

    /// Trains to the last epoch, or until `stop` is set; keeps `directory` up to date.
    ///
    /// # Errors
    /// If the loss is no longer a number, or a file cannot be written. What was written before stays usable.
    pub fn run(
        &mut self,
        directory: Option<&RunDirectory>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Ending, TrainError> {
        // Inside the pool: from outside, every parallel step would hand over to another thread and wait for it.
        rayon::scope(|_| self.run_in_pool(directory, progress, stop))
    }

    fn run_in_pool(
        &mut self,
        directory: Option<&RunDirectory>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Ending, TrainError> {
        while self.epoch < self.config.training.epochs {
            if self.train_epoch(progress, stop)? == Ending::Interrupted {
                if let Some(directory) = directory {
                    self.save(&directory.last_path())?;
                }
                return Ok(Ending::Interrupted);
            }
            self.check_weights()?;
            let records = self.finish_epoch(progress)?;
            let improved = self.note_best(&records);
            self.epoch += 1;
            self.batch = 0;
            self.tally = Tally::default();
            if let Some(directory) = directory {
                for record in &records {
                    directory.append_metrics(record)?;
                }
                // The best first: the last knows which epoch that is, and must not know of one that was never written.
                if improved {
                    self.save(&directory.best_path())?;
                }
                self.save(&directory.last_path())?;
            }
            progress.epoch(&records);
            self.history.extend(records);
        }
        Ok(Ending::Finished)
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
            if stop.load(Ordering::Relaxed) {
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

    fn train_batch(&mut self, indices: &[usize]) -> Result<(), TrainError> {
        let start = Instant::now();
        let (seed, epoch) = (self.config.seed, self.epoch as u64);
        let train = &self.data.train;
        match &self.augmentation {
            None => self.scratch.encode(&self.encoder, train, indices)?,
            Some(augmentation) => self.scratch.encode_changed(
                &self.encoder,
                augmentation,
                train,
                indices,
                (seed, epoch),
            )?,
        }
        let position = epoch << 24 | self.batch as u64;
        let dropout = random(seed, Purpose::Dropout, position).next_u64();
        self.scratch.activity.set_dropout(Some(dropout));
        let Scratch {
            events,
            activity,
            labels,
            ..
        } = &mut self.scratch;
        let output = self.network.forward(events, activity)?;
        let mut evaluation = self.loss.evaluate(output, labels)?;
        if !evaluation.loss.is_finite() {
            return Err(TrainError::Diverged {
                epoch: self.epoch + 1,
                batch: self.batch + 1,
                loss: evaluation.loss,
            });
        }
        let d_times = std::mem::take(&mut evaluation.d_times);
        self.network
            .backward(activity, d_times, &self.guards, &mut self.gradient, false)?;
        if let Some(guards) = self.guards.layers.last()
            && guards.silent_boost > 0.0
        {
            self.network.boost_silent(
                events,
                activity,
                &evaluation.silent,
                guards.silent_boost,
                &mut self.gradient,
            )?;
        }
        let learning_rate = self.learning_rate();
        let mut weights: Vec<_> = self
            .network
            .weights_mut()
            .map(|weights| weights.as_flat_mut())
            .collect();
        let mut gradients: Vec<_> = self
            .gradient
            .weights_mut()
            .map(|weights| weights.as_flat_mut())
            .collect();
        self.optimiser
            .step(&mut weights, &mut gradients, learning_rate);
        self.tally.add(
            &self.scratch.activity,
            &evaluation,
            &self.scratch.labels,
            start.elapsed().as_secs_f64(),
        );
        Ok(())
    }

    /// Weights that are no longer numbers silence their neurons, and silence has a finite loss.
    fn check_weights(&self) -> Result<(), TrainError> {
        let weights = self.network.weights().map(Weights::as_flat);
        if weights.flatten().all(|weight| weight.is_finite()) {
            return Ok(());
        }
        Err(TrainError::NotFinite {
            epoch: self.epoch + 1,
        })
    }

    /// The learning rate of the coming batch.
    fn learning_rate(&self) -> f32 {
        let batches = self
            .data
            .train
            .len()
            .div_ceil(self.config.training.batch_size);
        let position = self.epoch as f64 + self.batch as f64 / batches as f64;
        let base = self.config.optimiser.learning_rate();
        self.config
            .schedule
            .learning_rate(base, position, self.config.training.epochs) as f32
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
        let dataset = match split {
            "validation" => self.data.validation.as_ref(),
            "train" => Some(&self.data.train),
            _ => Some(&self.data.test),
        };
        let mut tally = Tally::default();
        let samples: Vec<usize> = (0..dataset.map_or(0, Dataset::len)).collect();
        for (batch, indices) in samples.chunks(EVALUATION_BATCH).enumerate() {
            let start = Instant::now();
            if let Some(dataset) = dataset {
                self.scratch.encode(&self.encoder, dataset, indices)?;
            }
            self.scratch.activity.set_dropout(None);
            let output = self
                .network
                .forward(&self.scratch.events, &mut self.scratch.activity)?;
            let evaluation = self.loss.evaluate(output, &self.scratch.labels)?;
            tally.add(
                &self.scratch.activity,
                &evaluation,
                &self.scratch.labels,
                start.elapsed().as_secs_f64(),
            );
            progress.batch(Standing {
                split,
                epoch: (self.epoch, self.config.training.epochs),
                samples: (
                    ((batch + 1) * EVALUATION_BATCH).min(samples.len()),
                    samples.len(),
                ),
                tally: &tally,
            });
        }
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
