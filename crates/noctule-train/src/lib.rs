//! Training for Noctule, which trains spiking neural networks event by event with exact gradients.
//!
//! A trainer works on any [`Engine`](noctule_core::Engine); this crate has none of its own.
//!
//! | module | what it has |
//! |---|---|
//! | [`collective`] | several processes that train one network together |
//! | [`config`] | experiment files in TOML, presets, overrides |
//! | [`confusion`] | which classes are taken for which |
//! | [`schedule`] | learning rates over a run |
//! | [`checkpoint`] | weights and state as safetensors files |
//! | [`experiment`] | data, encoding, network, loss and regularisation of a configuration |
//! | [`initial`] | initial weights that suit the samples, and what follows from their size |
//! | [`trainer`] | batches, epochs, resuming |
//! | [`metrics`] | what is measured of an epoch |
//! | [`run_directory`] | the folder of a run: configuration, metrics, checkpoints |
//! | [`synthetic`] | the cost of one layer under random events |

mod atomic;
pub mod checkpoint;
mod checksum;
pub mod collective;
pub mod config;
pub mod confusion;
pub mod experiment;
pub mod initial;
mod median;
pub mod metrics;
mod plan;
mod random;
mod range;
pub mod run_directory;
mod run_on;
pub mod schedule;
pub mod synthetic;
mod tagged;
pub mod trainer;

pub use atomic::{WriteError, replace_atomically, write_atomically};
pub use checkpoint::{Checkpoint, CheckpointError, Tensor};
pub use checksum::short_sha256;
pub use collective::{Collective, SingleProcess};
pub use config::{Config, ConfigError, ConfigTable, OptimiserConfig};
pub use confusion::Confusion;
pub use experiment::{Data, ExperimentError, SampleOrder, SourceData};
pub use metrics::{EpochMetrics, EpochRecord};
pub use plan::TrainingPlan;
pub use range::OutOfRange;
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use run_on::run_on;
pub use schedule::ScheduleConfig;
pub use trainer::{
    BatchProgress, BenchPlan, BenchReport, BestEpoch, BuildError, Classified, Classifier,
    NoProgress, OwnLoss, Phases, Progress, RunEnd, TrainError, Trainer, TrainerBuilder,
    TrainingLoss, Warning, recorded_backend, trained_network, weights_checkpoint,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
