//! Event lists as arrays `[sample, neuron, spike]`, which are padded with infinity.

use numpy::ndarray::Array3;
use numpy::{IntoPyArray, PyArray1, PyArray3, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::errors::{Error, Result};
use crate::model::Dtype;
use crate::number::Number;
use crate::spikes::{NewArrays, SpikeArrays, slice, to_arrays};
use noctule_core::{Real, SpikeBatch};

/// The most numbers that a padded array may have: more are hardly meant.
const MOST: usize = 1 << 34;

/// A batch as an array `[sample, neuron, spike]` of `width` spikes, or as many as a neuron has, filled with `fill`; and for
/// each spike its place in the flat array.
#[pyfunction]
#[pyo3(signature = (batch, dtype, width, fill))]
pub fn to_padded<'py>(
    py: Python<'py>,
    batch: SpikeArrays<'py>,
    dtype: Dtype,
    width: Option<usize>,
    fill: f64,
) -> Result<(Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)> {
    match dtype {
        Dtype::Float32 => padded::<f32>(py, &batch, width, fill),
        Dtype::Float64 => padded::<f64>(py, &batch, width, fill),
    }
}

fn padded<'py, T: Number>(
    py: Python<'py>,
    batch: &SpikeArrays<'py>,
    width: Option<usize>,
    fill: f64,
) -> Result<(Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)> {
    let batch = batch.to_batch::<T>()?;
    let (padded, index) = py.detach(|| pad(&batch, width, T::of(fill)))?;
    let padded: Bound<'py, PyArray3<T>> = padded.into_pyarray(py);
    Ok((padded.into_any(), index.into_pyarray(py)))
}

/// A batch as an array, and the place of each spike in it.
pub fn pad<T: Number>(
    batch: &SpikeBatch<T>,
    width: Option<usize>,
    fill: T,
) -> Result<(Array3<T>, Vec<i64>)> {
    let (samples, population) = (batch.samples(), batch.population());
    let mut seen = vec![0_u32; population];
    let mut ordinals = Vec::with_capacity(batch.spikes());
    let mut most = 0;
    for sample in 0..samples {
        for &neuron in batch.sample(sample).neurons {
            let ordinal = &mut seen[neuron as usize];
            ordinals.push(*ordinal);
            *ordinal += 1;
            most = most.max(*ordinal as usize);
        }
        for &neuron in batch.sample(sample).neurons {
            seen[neuron as usize] = 0;
        }
    }
    let width = width.unwrap_or(most);
    if most > width {
        return Err(Error::spikes(format!(
            "a neuron spikes {most} times, but there is room for {width} spikes only"
        )));
    }
    let size = samples.saturating_mul(population).saturating_mul(width);
    if size > MOST {
        return Err(Error::array(format!(
            "an array [{samples}, {population}, {width}] is too large; take fewer samples at once"
        )));
    }
    let mut padded = Vec::new();
    padded.try_reserve_exact(size).map_err(|_| {
        Error::array(format!(
            "there is no memory for an array [{samples}, {population}, {width}]; take fewer samples at once"
        ))
    })?;
    padded.resize(size, fill);
    let mut index = Vec::with_capacity(batch.spikes());
    for sample in 0..samples {
        for spike in batch.range(sample) {
            let neuron = sample * population + batch.neurons()[spike] as usize;
            let place = neuron * width + ordinals[spike] as usize;
            padded[place] = batch.times()[spike];
            index.push(place as i64);
        }
    }
    let shape = (samples, population, width);
    let padded =
        Array3::from_shape_vec(shape, padded).map_err(|error| Error::array(error.to_string()))?;
    Ok((padded, index))
}

/// The spikes of an array `[sample, neuron, spike]`, in which infinity stands for no spike; and the place of each in the flat
/// array.
#[pyfunction]
pub fn from_padded<'py>(
    py: Python<'py>,
    padded: &Bound<'py, PyAny>,
) -> Result<(Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)> {
    if let Ok(array) = padded.extract::<PyReadonlyArray3<'py, f32>>() {
        return events(py, &array);
    }
    match padded.extract::<PyReadonlyArray3<'py, f64>>() {
        Ok(array) => events(py, &array),
        Err(_) => Err(Error::array(
            "padded spike times must be a NumPy array [sample, neuron, spike] of float32 or float64",
        )),
    }
}

fn events<'py, T: Number>(
    py: Python<'py>,
    array: &PyReadonlyArray3<'py, T>,
) -> Result<(Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)>
where
    NewArrays<'py, T>:
        IntoPyObject<'py, Target = pyo3::types::PyTuple, Output = Bound<'py, pyo3::types::PyTuple>>,
    PyErr: From<<NewArrays<'py, T> as IntoPyObject<'py>>::Error>,
{
    let shape = [array.shape()[0], array.shape()[1], array.shape()[2]];
    let (batch, index) = unpad(slice(array)?, shape)?;
    let arrays = to_arrays(py, batch)
        .into_pyobject(py)
        .map_err(PyErr::from)?;
    Ok((arrays.into_any(), index.into_pyarray(py)))
}

/// The spikes of an array, and the place of each in it.
pub fn unpad<T: Number>(
    padded: &[T],
    [samples, population, width]: [usize; 3],
) -> Result<(SpikeBatch<T>, Vec<i64>)> {
    let size = population.saturating_mul(width);
    if size > u32::MAX as usize {
        return Err(Error::array(format!(
            "{population} neurons with {width} spikes each are too many for a sample"
        )));
    }
    let sample = |sample: usize| sorted(&padded[sample * size..][..size], sample, width);
    // On the threads of an engine all help.
    let found: Result<Vec<Vec<(T, u32)>>> = match rayon::current_thread_index() {
        Some(_) => (0..samples).into_par_iter().map(sample).collect(),
        None => (0..samples).map(sample).collect(),
    };
    let found = found?;
    let mut batch = SpikeBatch::new(population);
    let mut index = Vec::with_capacity(found.iter().map(Vec::len).sum());
    for (sample, found) in found.iter().enumerate() {
        let spikes = found.iter();
        batch.push_sample(spikes.map(|&(time, place)| (time, place / width as u32)))?;
        let places = found.iter().map(|&(_, place)| i64::from(place));
        index.extend(places.map(|place| (sample * size) as i64 + place));
    }
    Ok((batch, index))
}

/// The spikes of one sample, sorted by time, each with its place in the array of the sample.
fn sorted<T: Number>(padded: &[T], sample: usize, width: usize) -> Result<Vec<(T, u32)>> {
    let mut found = Vec::new();
    for (place, &time) in padded.iter().enumerate() {
        if time.is_finite() {
            found.push((time, place as u32));
        } else if time != T::of(f64::INFINITY) {
            return Err(Error::spikes(format!(
                "sample {sample}, neuron {}, spike {}: the time {} s is not allowed; only +inf stands for no spike",
                place / width,
                place % width,
                Real::to_f64(time)
            )));
        }
    }
    // Times are finite, so they compare; equal ones come in the order of their neurons.
    found.sort_unstable_by(|(a, first), (b, second)| {
        let order = a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
        order.then(first.cmp(second))
    });
    Ok(found)
}
