//! The compiled part of the Python package `noctule`.
//!
//! Python files beside it (`noctule/*.py`) have the names, the documentation and the checks of types; what computes is here,
//! and computes without Python's lock.
//!
//! | module | what it has |
//! |---|---|
//! | `errors` | the exceptions, and which Rust error becomes which |
//! | `engines` | the engines of this process, by name |
//! | `spikes` | event lists between NumPy and Rust |
//! | `padded` | event lists as arrays `[sample, neuron, spike]` |
//! | `layers` | from layers in Python to a network |
//! | `describe` | and back |
//! | `model` | a network on an engine |
//! | `losses`, `optimisers` | what is minimised, and how |
//! | `samples` | labelled samples, and data sets |
//! | `fit`, `watch` | training |
//! | `nir` | networks in NIR |
//! | `runs` | experiments and run directories |
//! | `command` | the `noctule` command |

#![expect(clippy::type_complexity, reason = "tuples are what Python unpacks")]

mod command;
mod data;
mod describe;
mod engines;
mod errors;
mod fit;
mod layers;
mod losses;
mod model;
mod nir;
mod number;
mod optimisers;
mod padded;
mod runs;
mod samples;
mod spikes;
mod watch;

use pyo3::prelude::*;

#[pymodule]
fn _noctule(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("VERSION", noctule::version::VERSION)?;
    errors::add(module)?;
    module.add_class::<model::Model>()?;
    for function in [
        wrap_pyfunction!(command::run_command, module)?,
        wrap_pyfunction!(data::load_set, module)?,
        wrap_pyfunction!(data::load_event_file, module)?,
        wrap_pyfunction!(data::load_image_file, module)?,
        wrap_pyfunction!(data::data_sets, module)?,
        wrap_pyfunction!(engines::devices, module)?,
        wrap_pyfunction!(fit::fit, module)?,
        wrap_pyfunction!(losses::evaluate_loss, module)?,
        wrap_pyfunction!(losses::evaluate_padded_loss, module)?,
        wrap_pyfunction!(losses::predict_classes, module)?,
        wrap_pyfunction!(nir::read_nir, module)?,
        wrap_pyfunction!(nir::write_nir, module)?,
        wrap_pyfunction!(padded::to_padded, module)?,
        wrap_pyfunction!(padded::from_padded, module)?,
        wrap_pyfunction!(runs::evaluate_run, module)?,
        wrap_pyfunction!(runs::load_run, module)?,
        wrap_pyfunction!(runs::run_samples, module)?,
        wrap_pyfunction!(runs::train_experiment, module)?,
        wrap_pyfunction!(runs::preset_names, module)?,
        wrap_pyfunction!(samples::encode_images, module)?,
        wrap_pyfunction!(spikes::check_spikes, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
