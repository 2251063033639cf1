//! [`Tensor`]: parameters, gradients and optimiser state on the host.

use thiserror::Error;

use crate::real::Real;

/// Why a tensor was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TensorError {
    /// The number of values is not the product of the shape.
    #[error("a tensor of shape {shape:?} needs {expected} values, but {found} are given")]
    Count {
        /// The shape.
        shape: Vec<usize>,
        /// The product of the shape.
        expected: usize,
        /// Values that were given.
        found: usize,
    },
    /// The shape is not the required one.
    #[error("the tensor has the shape {found:?}, but {expected:?} is needed")]
    Shape {
        /// The required shape.
        expected: Vec<usize>,
        /// The shape that was given.
        found: Vec<usize>,
    },
    /// A value is NaN or infinite.
    #[error("the value at {index:?} is {value}; all values must be finite")]
    NotFinite {
        /// The index in each dimension.
        index: Vec<usize>,
        /// The value.
        value: f64,
    },
    /// A weight is too large to compute with.
    #[error(
        "the value at {index:?} is {value:.3e}; weights of this precision are from -{most:.1e} to {most:.1e}"
    )]
    TooLarge {
        /// The index in each dimension.
        index: Vec<usize>,
        /// The value.
        value: f64,
        /// The largest size.
        most: f64,
    },
}

/// An array of numbers in row-major order: the last index varies fastest.
///
/// ```
/// use noctule_core::Tensor;
///
/// let weights = Tensor::new(&[2, 3], vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(weights.row(1), [4.0, 5.0, 6.0]);
/// # Ok::<(), noctule_core::TensorError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor<T> {
    shape: Vec<usize>,
    values: Vec<T>,
}

impl<T: Real> Tensor<T> {
    /// A tensor of this shape from its values in row-major order.
    ///
    /// # Errors
    /// If the number of values is not the product of the shape.
    pub fn new(shape: &[usize], values: Vec<T>) -> Result<Self, TensorError> {
        let expected = count(shape);
        if values.len() != expected {
            return Err(TensorError::Count {
                shape: shape.to_vec(),
                expected,
                found: values.len(),
            });
        }
        Ok(Self {
            shape: shape.to_vec(),
            values,
        })
    }

    /// All zero.
    pub fn zeros(shape: &[usize]) -> Self {
        Self {
            shape: shape.to_vec(),
            values: vec![T::zero(); count(shape)],
        }
    }

    /// Length of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values in row-major order.
    pub fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// All values in row-major order, mutably.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Returns all values in row-major order.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Length of the first dimension: neurons of a dense layer, filters of a convolution.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Number of values in each row: the product of all dimensions but the first.
    pub fn row_len(&self) -> usize {
        count(self.shape.get(1..).unwrap_or_default())
    }

    /// All values whose first index is `row`.
    ///
    /// # Panics
    /// If `row` is not below [`rows`](Self::rows).
    pub fn row(&self, row: usize) -> &[T] {
        let length = self.row_len();
        &self.values[row * length..][..length]
    }

    /// Whether every value is finite.
    pub fn is_finite(&self) -> bool {
        all(&self.values, |value| value.is_finite())
    }

    /// As [`check`](Self::check), and that no value is larger than a weight may be, [`Real::largest_weight`].
    ///
    /// # Errors
    /// As `check`, and if a value is too large.
    pub fn check_weights(&self, expected: &[usize]) -> Result<(), TensorError> {
        self.check(expected)?;
        if are_weights(&self.values) {
            return Ok(());
        }
        let most = T::largest_weight();
        match self.values.iter().position(|value| value.abs() > most) {
            None => Ok(()),
            Some(position) => Err(TensorError::TooLarge {
                index: self.index_of(position),
                value: self.values[position].to_f64(),
                most: most.to_f64(),
            }),
        }
    }

    /// Checks the shape, and that every value is finite.
    ///
    /// # Errors
    /// If the shape is not `expected`, or a value is NaN or infinite.
    pub fn check(&self, expected: &[usize]) -> Result<(), TensorError> {
        if self.shape != expected {
            return Err(TensorError::Shape {
                expected: expected.to_vec(),
                found: self.shape.clone(),
            });
        }
        if self.is_finite() {
            return Ok(());
        }
        match self.values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(position) => Err(TensorError::NotFinite {
                index: self.index_of(position),
                value: self.values[position].to_f64(),
            }),
        }
    }

    fn index_of(&self, mut position: usize) -> Vec<usize> {
        let mut index = vec![0; self.shape.len()];
        for (index, &length) in index.iter_mut().zip(&self.shape).rev() {
            *index = position % length;
            position /= length;
        }
        index
    }
}

/// Whether all values are numbers that a weight may have: no NaN, and none larger than [`Real::largest_weight`].
pub fn are_weights<T: Real>(values: &[T]) -> bool {
    let most = T::largest_weight();
    all(values, |value| value.abs() <= most)
}

/// Without a branch for each value, which the processor does many at a time.
fn all<T: Copy>(values: &[T], holds: impl Fn(T) -> bool) -> bool {
    let holds_for = |values: &[T]| values.iter().fold(true, |all, &value| all & holds(value));
    values.chunks(4096).all(holds_for)
}

fn count(shape: &[usize]) -> usize {
    shape
        .iter()
        .fold(1, |product, &length| product.saturating_mul(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_finite_is_named_by_its_index() {
        let tensor = Tensor::new(
            &[2, 2, 2],
            vec![0.0, 0.0, 0.0, 0.0, 0.0, f64::NAN, 0.0, 0.0],
        );
        let error = tensor.unwrap().check(&[2, 2, 2]).unwrap_err();
        assert!(matches!(error, TensorError::NotFinite { index, .. } if index == [1, 0, 1]));
    }

    #[test]
    fn a_weight_that_is_too_large_is_named() {
        let most = f32::largest_weight();
        let tensor = |value| Tensor::new(&[1, 2], vec![0.0, value]).unwrap();
        assert_eq!(tensor(-most).check_weights(&[1, 2]), Ok(()));
        let error = tensor(-2e15).check_weights(&[1, 2]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("[0, 1] is -2.000e15"), "{message}");
        for value in [f32::NAN, f32::INFINITY, -1e16] {
            assert!(!are_weights(&[0.0, value]));
        }
        // Crossings square the sum of many.
        assert!((most * 16_384.0).powi(2).is_finite());
    }

    #[test]
    fn a_wrong_number_of_values_is_refused() {
        let error = Tensor::new(&[2, 3], vec![0.0_f32; 5]).unwrap_err();
        assert!(error.to_string().contains("needs 6 values, but 5"));
    }
}
