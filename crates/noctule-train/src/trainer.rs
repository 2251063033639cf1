//! Training: batches, epochs, checkpoints.
//!
//! A [`Trainer`] drives one session of an engine, which has the weights and everything else that changes. [`Trainer::run`]
//! trains to the last epoch or until it is asked to stop, and keeps a [`RunDirectory`](crate::RunDirectory) up to date;
//! [`Trainer::resume`] opens such a directory and continues bit for bit. The order of the samples in an epoch follows from
//! the seed and the number of the epoch alone, so a run can stop and continue after any batch.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicBool;
//! use noctule_core::Engine;
//! use noctule_train::{Config, NoProgress, TrainError, Trainer};
//!
//! fn train(engine: Arc<dyn Engine<f32>>) -> Result<f64, TrainError> {
//!     let config = Config::preset("yinyang")?;
//!     let mut trainer = Trainer::new(config, None, engine)?; // Yin-Yang needs no files.
//!     trainer.run(None, &mut NoProgress, &AtomicBool::new(false))?;
//!     let test = trainer.history().iter().rfind(|record| record.split == "test");
//!     Ok(test.map_or(0.0, |record| record.accuracy))
//! }
//! ```
//!
//! [`Trainer::builder`] trains a network and batches of the caller's own, without an experiment file.

mod batch;
mod bench;
mod build_check;
mod builder;
mod checkpoints;
mod classifier;
mod description;
mod error;
mod evaluate;
mod loss;
mod open;
mod origin;
mod origin_check;
mod phases;
mod predict;
mod progress;
mod ranks;
mod run;
mod sample_hash;
mod samples;
mod state;
mod state_error;
mod trained;
mod warning;
mod watch;
mod weights;

pub use bench::{BenchPlan, BenchReport};
pub use builder::TrainerBuilder;
pub use checkpoints::CHANGEABLE;
pub use classifier::{Classified, Classifier};
pub use error::{BuildError, TrainError};
pub use loss::{LossFunction, OwnLoss, TrainingLoss};
pub use origin::OriginError;
pub use origin_check::recorded_backend;
pub use phases::Phases;
pub use progress::{BatchProgress, NoProgress, Progress};
pub use run::RunEnd;
pub use state::{BestEpoch, Trainer};
pub use state_error::{OptimiserStateError, StateError};
pub use trained::{trained_network, weights_checkpoint};
pub use warning::Warning;
