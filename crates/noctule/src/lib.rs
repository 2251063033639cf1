//! Noctule trains spiking neural networks event by event, with exact gradients.
//!
//! This crate is the command line, and one name for the whole library:
//!
//! | module | what it has |
//! |---|---|
//! | [`core`] | neurons, event lists, networks, losses, and the contract of engines |
//! | [`cpu`] | the CPU engine |
//! | `gpu` | the GPU engine, in a build with one of the features `gpu`, `cuda` and `hip` |
//! | [`data`] | data sets |
//! | [`train`] | experiment files, the trainer, run directories |
//! | [`nir`] | networks in the Neuromorphic Intermediate Representation |
//! | [`study`] | sweeps and pictures |
//! | [`conformance`] | reference cases that certify an engine |
//! | [`engines`] | the engines of this build, by name |
//! | [`version`] | which build this is |
//! | [`runs`] | run directories for programs |
//! | [`command_line`] | the `noctule` command as a function |
//!
//! ```
//! use noctule::engines::{Backend, open};
//! use noctule::train::{Config, NoProgress, Trainer};
//! use std::sync::atomic::AtomicBool;
//!
//! let mut config = Config::preset("yinyang")?;
//! config.training.epochs = 1;
//! let engine = open(Backend::Cpu, config.training.threads)?;
//! let mut trainer = Trainer::new(config, None, engine)?; // Yin-Yang needs no files.
//! trainer.run(None, &mut NoProgress, &AtomicBool::new(false))?;
//! let test = trainer.history().iter().rfind(|record| record.split == "test").unwrap();
//! assert!(test.accuracy > 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// These end the process when their stream is gone; see `streams`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod bar;
mod cli;
pub mod command_line;
mod commands;
pub mod engines;
mod input_shape;
mod outcome;
mod plural;
mod progress;
mod ranks;
pub mod runs;
mod signals;
mod streams;
mod study_progress;
mod suggest;
mod summary;
mod sweep_progress;
pub mod version;

#[doc(inline)]
pub use noctule_conformance as conformance;
#[doc(inline)]
pub use noctule_core as core;
#[doc(inline)]
pub use noctule_cpu as cpu;
#[doc(inline)]
pub use noctule_data as data;
#[cfg(any(feature = "gpu", feature = "cuda", feature = "hip"))]
#[doc(inline)]
pub use noctule_gpu as gpu;
#[doc(inline)]
pub use noctule_nir as nir;
#[doc(inline)]
pub use noctule_study as study;
#[doc(inline)]
pub use noctule_train as train;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
