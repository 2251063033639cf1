//! Event lists between NumPy and Rust.
//!
//! In Python a `SpikeBatch` holds four NumPy arrays: times in seconds, units (neurons), offsets of the samples, and what
//! rounding took from the times, if that is known.

use noctule_core::{Real, SpikeBatch};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::errors::{Error, Result};
use crate::number::Number;

/// The arrays of a `SpikeBatch` of Python.
#[derive(FromPyObject)]
pub struct SpikeArrays<'py> {
    times: Times<'py>,
    units: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
    population: usize,
    residuals: Option<Times<'py>>,
}

/// Times in either precision.
#[derive(FromPyObject)]
pub enum Times<'py> {
    /// `float32`.
    #[pyo3(transparent)]
    Single(PyReadonlyArray1<'py, f32>),
    /// `float64`.
    #[pyo3(transparent)]
    Double(PyReadonlyArray1<'py, f64>),
}

impl Times<'_> {
    /// All times in double precision.
    fn to_f64(&self) -> Result<Vec<f64>> {
        Ok(match self {
            Self::Single(times) => slice(times)?.iter().map(|&time| f64::from(time)).collect(),
            Self::Double(times) => slice(times)?.to_vec(),
        })
    }
}

impl SpikeArrays<'_> {
    /// The spikes in the precision of an engine, with what that cannot hold of each time beside it.
    pub fn to_batch<T: Number>(&self) -> Result<SpikeBatch<T>> {
        let units = slice(&self.units)?;
        let offsets = slice(&self.offsets)?;
        let counts = counts(offsets, units.len())?;
        let mut batch = SpikeBatch::new(self.population);
        if let Some(times) = T::of_times(&self.times) {
            let times = slice(times)?;
            check_length(times.len(), units.len())?;
            batch.write_samples(self.population, counts, |samples| {
                let mut start = 0;
                for (sample_times, sample_units) in samples {
                    let range = start..start + sample_times.len();
                    start = range.end;
                    sample_times.copy_from_slice(&times[range.clone()]);
                    sample_units.copy_from_slice(&units[range]);
                }
            })?;
            if let Some(residuals) = self.residuals.as_ref().and_then(T::of_times) {
                batch.set_residuals(slice(residuals)?.to_vec());
            }
            return Ok(batch);
        }
        let mut times = self.times.to_f64()?;
        check_length(times.len(), units.len())?;
        if let Some(residuals) = &self.residuals {
            for (time, residual) in times.iter_mut().zip(residuals.to_f64()?) {
                *time += residual;
            }
        }
        let mut start = 0;
        for count in counts {
            let range = start..start + count;
            start = range.end;
            let times = times[range.clone()].iter().copied();
            batch.push_precise_sample(times.zip(units[range].iter().copied()))?;
        }
        Ok(batch)
    }
}

/// Spikes of each sample, from where the samples begin.
fn counts(offsets: &[i64], spikes: usize) -> Result<Vec<usize>> {
    match (offsets.first(), offsets.last()) {
        (Some(0), Some(&last)) if last == spikes as i64 => {}
        (None, _) => {
            return Err(Error::spikes(
                "offsets is empty; it needs one number more than there are samples, the first of them 0",
            ));
        }
        (Some(&first), Some(&last)) => {
            return Err(Error::spikes(format!(
                "offsets must begin with 0 and end with the number of spikes ({spikes}), not with {first} and {last}"
            )));
        }
        (Some(_), None) => {}
    }
    let pairs = offsets.windows(2).enumerate();
    let counts = pairs.map(|(sample, pair)| {
        // The sum of all differences is the number of spikes, so none overflows unless one falls.
        let count = pair[1].checked_sub(pair[0]);
        count
            .and_then(|count| usize::try_from(count).ok())
            .filter(|&count| count <= spikes)
            .ok_or_else(|| {
                Error::spikes(format!(
                    "offsets must not descend, and not pass the number of spikes ({spikes}), but sample {sample} goes from \
                     {} to {}",
                    pair[0], pair[1]
                ))
            })
    });
    counts.collect()
}

fn check_length(times: usize, units: usize) -> Result<()> {
    if times == units {
        return Ok(());
    }
    Err(Error::spikes(format!(
        "there are {times} times, but {units} units; each spike needs one of both"
    )))
}

/// The values of a contiguous array.
pub fn slice<'a, T: numpy::Element, D: numpy::ndarray::Dimension>(
    array: &'a numpy::PyReadonlyArray<'_, T, D>,
) -> Result<&'a [T]> {
    array
        .as_slice()
        .map_err(|_| Error::array("an array is not contiguous; use numpy.ascontiguousarray"))
}

/// The arrays of a batch for Python: times, units, offsets, residuals (or none), population.
pub type NewArrays<'py, T> = (
    Bound<'py, PyArray1<T>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<i64>>,
    Option<Bound<'py, PyArray1<T>>>,
    usize,
);

/// The arrays of a batch, which keep its memory.
pub fn to_arrays<T: Number>(py: Python<'_>, batch: SpikeBatch<T>) -> NewArrays<'_, T> {
    let population = batch.population();
    let (times, residuals, neurons, offsets) = batch.into_parts();
    let offsets = offsets.iter().map(|&offset| offset as i64);
    (
        PyArray1::from_vec(py, times),
        PyArray1::from_vec(py, neurons),
        PyArray1::from_iter(py, offsets),
        (!residuals.is_empty()).then(|| PyArray1::from_vec(py, residuals)),
        population,
    )
}

/// Checks the spikes of a `SpikeBatch` of Python.
#[pyfunction]
pub fn check_spikes(batch: SpikeArrays<'_>) -> Result<()> {
    match &batch.times {
        Times::Single(_) => batch.to_batch::<f32>().map(drop),
        Times::Double(_) => batch.to_batch::<f64>().map(drop),
    }
}

/// The values of a one-dimensional array, which must have the precision of the network.
pub fn values<T: Number>(array: &Bound<'_, PyAny>, what: &str) -> Result<Vec<T>> {
    let array: PyReadonlyArray1<'_, T> = array.extract().map_err(|_| {
        Error::array(format!(
            "{what} must be a one-dimensional NumPy array of {}",
            T::DTYPE
        ))
    })?;
    let values = slice(&array)?;
    match values
        .iter()
        .position(|value| !Real::to_f64(*value).is_finite())
    {
        None => Ok(values.to_vec()),
        Some(at) => Err(Error::array(format!(
            "{what}[{at}] is {}; all values must be finite",
            Real::to_f64(values[at])
        ))),
    }
}
