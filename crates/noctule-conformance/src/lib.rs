//! Reference cases and batteries of tests that every engine of Noctule must pass.
//!
//! [`replay`] reads files of reference cases, runs them on an engine and compares spikes and gradients with what the
//! file says; the files of the project are in [`fixtures`]. [`batteries`] are functions that take an engine and panic
//! with a message if it does something wrong: an engine calls them in its own tests.
//!
//! ```no_run
//! use noctule_conformance::{Cases, fixtures, replay};
//! use noctule_core::Engine;
//!
//! fn certify(engine: &dyn Engine<f64>) -> Result<bool, Box<dyn std::error::Error>> {
//!     let cases = Cases::from_json(fixtures::EXACT)?;
//!     Ok(replay::run(engine, &cases)?.failed().count() == 0)
//! }
//! ```

pub mod batteries;
mod build;
mod cases;
mod central;
mod error;
pub mod fixtures;
mod harness;
pub mod networks;
mod plain_scan;
mod refused;
pub mod replay;
mod unsupported;
mod verdict;

pub use cases::{Case, CaseLayer, CaseNeuron, Cases, Constant, Expected};
pub use error::{Reason, ReplayError};
pub use plain_scan::plain_scan;
pub use unsupported::Unsupported;
pub use verdict::{Problem, Tolerances, Verdict};
