//! Noctule trains spiking neural networks event by event, with exact gradients.
//!
//! This crate is the command line, and one name for the whole library:
//!
//! | module | what it holds |
//! |---|---|
//! | [`core`] | neuron, event lists, layers, losses, the CPU engine |
//! | [`data`] | data sets and encoders |
//! | [`train`] | experiment files, optimisers, the trainer, run directories |
//! | [`replay`] | reference cases that certify a build |
//! | [`picture`] | what a Yin-Yang network sees |
//! | [`heatmap`] | the outcome of a sweep |

pub mod heatmap;
pub mod picture;
pub mod replay;

#[doc(inline)]
pub use noctule_core as core;
#[doc(inline)]
pub use noctule_data as data;
#[doc(inline)]
pub use noctule_train as train;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
