//! [`Number`]: the two precisions, for Rust and NumPy.

use std::sync::Arc;

use noctule::engines::{self, BackendError, Choice};
use noctule_core::{Engine, Real};
use numpy::Element;
use pyo3::prelude::*;

use crate::spikes::Times;

/// `f32` and `f64`.
pub trait Number: Real + Element {
    /// NumPy's name.
    const DTYPE: &'static str;

    /// Opens an engine that computes with these numbers.
    fn open(choice: Choice, threads: usize) -> Result<Arc<dyn Engine<Self>>, BackendError>;

    /// These times, if they have this type.
    fn of_times<'a, 'py>(times: &'a Times<'py>) -> Option<&'a numpy::PyReadonlyArray1<'py, Self>>;

    /// As a float of Python.
    fn to_python(self, py: Python<'_>) -> Bound<'_, pyo3::types::PyFloat> {
        pyo3::types::PyFloat::new(py, Real::to_f64(self))
    }
}

impl Number for f32 {
    const DTYPE: &'static str = "float32";

    fn open(choice: Choice, threads: usize) -> Result<Arc<dyn Engine<Self>>, BackendError> {
        engines::open(choice, threads)
    }

    fn of_times<'a, 'py>(times: &'a Times<'py>) -> Option<&'a numpy::PyReadonlyArray1<'py, Self>> {
        match times {
            Times::Single(times) => Some(times),
            Times::Double(_) => None,
        }
    }
}

impl Number for f64 {
    const DTYPE: &'static str = "float64";

    fn open(choice: Choice, threads: usize) -> Result<Arc<dyn Engine<Self>>, BackendError> {
        engines::open_f64(choice, threads)
    }

    fn of_times<'a, 'py>(times: &'a Times<'py>) -> Option<&'a numpy::PyReadonlyArray1<'py, Self>> {
        match times {
            Times::Single(_) => None,
            Times::Double(times) => Some(times),
        }
    }
}
