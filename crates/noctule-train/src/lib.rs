//! Training for Noctule, which trains spiking neural networks event by event with exact gradients.
//!
//! | module | what it holds |
//! |---|---|
//! | [`collective`] | several processes that train one network together |
//! | [`config`] | experiment files in TOML, presets, overrides |
//! | [`optimiser`] | gradient descent with momentum, Adam, AdamW, NAdam |
//! | [`schedule`] | learning rates over a run |
//! | [`checkpoint`] | weights and state as safetensors files |
//! | [`experiment`] | data, encoder, network, loss and guards of a configuration |
//! | [`trainer`] | batches, epochs, resuming |
//! | [`metrics`] | what is measured on the way |
//! | [`sweep`] | one experiment over a grid of two of its keys |
//! | [`run_directory`] | the folder of a run: configuration, metrics, checkpoints |

mod atomic;
mod awake;
pub mod checkpoint;
pub mod collective;
pub mod config;
pub mod experiment;
pub mod metrics;
pub mod optimiser;
mod range;
pub mod run_directory;
pub mod schedule;
pub mod sweep;
pub mod synthetic;
mod tagged;
pub mod trainer;

pub use atomic::{WriteError, write_atomically};
pub use checkpoint::{Checkpoint, CheckpointError, Tensor};
pub use collective::{Collective, Solo};
pub use config::{Config, ConfigError, ConfigTable};
pub use experiment::{Data, ExperimentError};
pub use metrics::{EpochRecord, Tally};
pub use optimiser::{Optimiser, OptimiserConfig};
pub use range::OutOfRange;
pub use run_directory::{RunDirectory, RunDirectoryError};
pub use schedule::ScheduleConfig;
pub use sweep::{SweepError, SweepOutcome};
pub use trainer::{
    BenchPlan, BenchReport, Best, Ending, NoProgress, Phases, Progress, Standing, TrainError,
    Trainer,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
