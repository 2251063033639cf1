//! Data sets and files of events or images.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule::runs;
use noctule_data::files::{EventOptions, FileSamples, load_events, load_images};
use noctule_data::{Dataset, Pixels, Samples, Shape, known_sets};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::Result;
use crate::runs::named_split;
use crate::spikes::to_arrays;
use crate::watch::interruptible;

/// The names of the known sets, and what each has.
#[pyfunction]
pub fn data_sets() -> Vec<(String, String)> {
    let sets = known_sets().iter();
    sets.map(|set| (set.name.to_owned(), set.description.to_owned()))
        .collect()
}

/// One part of a known set, downloaded if it is not there.
#[pyfunction]
pub fn load_set<'py>(
    py: Python<'py>,
    name: &str,
    split: &str,
    data_dir: Option<PathBuf>,
    seed: u64,
) -> Result<Bound<'py, PyDict>> {
    let split = named_split(split)?;
    let stop = Arc::new(AtomicBool::new(false));
    let set = interruptible(py, &stop, || {
        Ok(runs::load_set(
            name,
            split,
            data_dir.as_deref(),
            seed,
            &stop,
        )?)
    })?;
    dataset_to_python(py, set)
}

/// The events of an NPZ or HDF5 file.
#[pyfunction]
pub fn load_event_file<'py>(
    py: Python<'py>,
    path: PathBuf,
    time_unit: f64,
    population: Option<usize>,
) -> Result<Bound<'py, PyDict>> {
    let options = EventOptions {
        time_unit,
        population,
    };
    let read = py.detach(|| load_events(&path, &options))?;
    file_to_python(py, read)
}

/// The images of an NPZ file.
#[pyfunction]
pub fn load_image_file<'py>(py: Python<'py>, path: PathBuf) -> Result<Bound<'py, PyDict>> {
    let read = py.detach(|| load_images(&path))?;
    file_to_python(py, read)
}

fn file_to_python<'py>(py: Python<'py>, read: FileSamples) -> Result<Bound<'py, PyDict>> {
    let classes = read.classes();
    samples_to_python(py, read.samples, read.labels.as_deref(), classes)
}

/// A dictionary with `images` or `events`, `labels` (or none) and `classes`.
pub fn dataset_to_python(py: Python<'_>, set: Dataset) -> Result<Bound<'_, PyDict>> {
    let labels = set.labels().to_vec();
    let classes = set.classes();
    let samples = set.samples().clone();
    // So that the memory of the samples need not be copied.
    drop(set);
    samples_to_python(py, samples, Some(&labels), Some(classes))
}

fn samples_to_python<'py>(
    py: Python<'py>,
    samples: Samples,
    labels: Option<&[u32]>,
    classes: Option<usize>,
) -> Result<Bound<'py, PyDict>> {
    let described = PyDict::new(py);
    match samples {
        Samples::Images { shape, pixels } => {
            described.set_item("images", images(py, shape, pixels)?)?;
        }
        Samples::Events(events) => {
            described.set_item("events", to_arrays(py, Arc::unwrap_or_clone(events)))?
        }
    }
    let labels = labels.map(|labels| PyArray1::from_iter(py, labels.iter().map(|&l| i64::from(l))));
    described.set_item("labels", labels)?;
    described.set_item("classes", classes)?;
    Ok(described)
}

fn images<'py>(py: Python<'py>, shape: Shape, pixels: Pixels) -> Result<Bound<'py, PyAny>> {
    let images = pixels.len() / shape.neurons().max(1);
    let shape = [images, shape.height, shape.width, shape.channels];
    Ok(match pixels {
        Pixels::Bytes(values) => {
            let values = Arc::unwrap_or_clone(values);
            values.into_pyarray(py).reshape(shape)?.into_any()
        }
        Pixels::Floats(values) => {
            let values = Arc::unwrap_or_clone(values);
            values.into_pyarray(py).reshape(shape)?.into_any()
        }
    })
}
