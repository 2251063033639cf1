//! Weights, gradients and padded times between NumPy and a model.

use std::sync::Mutex;

use noctule_core::{Tensor, TensorName, Tensors};
use numpy::{
    IntoPyArray, PyArrayDyn, PyArrayMethods, PyReadonlyArray3, PyReadonlyArrayDyn,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use super::typed::TypedModel;
use crate::errors::{Error, Result};
use crate::number::Number;
use crate::spikes::slice;

/// A copy of padded times, and their shape: their owner may change them while the engine works.
pub fn padded_values<T: Number>(
    array: &Bound<'_, PyAny>,
    _: &Mutex<TypedModel<T>>,
) -> Result<(Vec<T>, [usize; 3])> {
    let array: PyReadonlyArray3<'_, T> = array.extract().map_err(|_| {
        Error::array(format!(
            "padded times must be a NumPy array [sample, neuron, spike] of {}",
            T::DTYPE
        ))
    })?;
    let shape = array.shape();
    let shape = [shape[0], shape[1], shape[2]];
    Ok((slice(&array)?.to_vec(), shape))
}

/// Copies of weights, by the indices of their layers.
pub fn tensors<T: Number>(weights: &[(usize, Bound<'_, PyAny>)]) -> Result<Tensors<T>> {
    let tensors = weights.iter().map(|(layer, array)| {
        let what = format!("the weights of layer {layer}");
        Ok((TensorName::weights(*layer), array_to_tensor(array, &what)?))
    });
    tensors.collect()
}

/// An array of these values.
pub fn new_array<'py, T: Number>(
    py: Python<'py>,
    values: Vec<T>,
    shape: &[usize],
) -> Result<Bound<'py, PyAny>> {
    let array: Bound<'py, PyArrayDyn<T>> = values.into_pyarray(py).reshape(shape)?;
    Ok(array.into_any())
}

/// The array of a tensor, which keeps its memory.
pub fn tensor_to_array<T: Number>(py: Python<'_>, tensor: Tensor<T>) -> Result<Bound<'_, PyAny>> {
    let shape = tensor.shape().to_vec();
    new_array(py, tensor.into_values(), &shape)
}

/// The arrays of the tensors of layers.
pub fn arrays<T: Number>(
    py: Python<'_>,
    tensors: Vec<Option<Tensor<T>>>,
) -> Result<Vec<Option<Bound<'_, PyAny>>>> {
    let arrays = tensors.into_iter();
    arrays
        .map(|tensor| tensor.map(|tensor| tensor_to_array(py, tensor)).transpose())
        .collect()
}

/// A copy of an array.
pub fn array_to_tensor<T: Number>(array: &Bound<'_, PyAny>, what: &str) -> Result<Tensor<T>> {
    let array: PyReadonlyArrayDyn<'_, T> = array
        .extract()
        .map_err(|_| Error::array(format!("{what} must be a NumPy array of {}", T::DTYPE)))?;
    Ok(Tensor::new(array.shape(), slice(&array)?.to_vec())?)
}
