//! A weight matrix in the engine's blocked layout.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::Real;
use crate::engine::lane_vec::LaneVec;
use crate::engine::{LANES, Lanes, blocks};

/// A list of weights that does not fit.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum WeightsError {
    /// The number of weights is not outputs times inputs.
    #[error("{outputs} outputs x {inputs} inputs make {expected} weights, but {found} are given")]
    Count {
        /// Neurons of the layer.
        outputs: usize,
        /// Inputs of each neuron.
        inputs: usize,
        /// How many weights are needed.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A weight is NaN or infinite.
    #[error("the weight of output {output} from input {input} is {value}; weights must be finite")]
    NotFinite {
        /// The neuron.
        output: usize,
        /// Its input.
        input: usize,
        /// The weight.
        value: f64,
    },
}

/// A matrix of weights, or of anything that belongs to weights one by one: gradients, an optimiser's moments.
///
/// It is read and written as `[output][input]`, and stored as `[block][input][16]`: the weights of 16 outputs from one
/// input lie side by side, and lanes beyond the last output are zero. [`as_flat`](Self::as_flat) shows the storage as
/// it is, for work that treats all numbers alike.
///
/// ```
/// use noctule_core::Weights;
///
/// let weights = Weights::from_rows(2, 3, &[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(weights.get(1, 0), 4.0);
/// assert_eq!(weights.to_rows(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), noctule_core::WeightsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Weights<T> {
    outputs: usize,
    inputs: usize,
    lanes: LaneVec<T>,
    /// Drawn when somebody asks.
    version: OnceLock<u64>,
}

/// A number that no weights ever had.
fn new_version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl<T: PartialEq> PartialEq for Weights<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.outputs, self.inputs) == (other.outputs, other.inputs) && self.lanes == other.lanes
    }
}

impl<T: Real> Weights<T> {
    /// All zero; shape `[outputs][inputs]`.
    pub fn zeros(outputs: usize, inputs: usize) -> Self {
        Self {
            outputs,
            inputs,
            lanes: LaneVec::zeros(blocks(outputs) * inputs),
            version: OnceLock::new(),
        }
    }

    /// From a list `[output][input]`.
    ///
    /// # Errors
    /// If the list has the wrong length or a weight is not finite.
    pub fn from_rows(outputs: usize, inputs: usize, rows: &[T]) -> Result<Self, WeightsError> {
        let mut weights = Self::zeros(outputs, inputs);
        weights.set_rows(rows)?;
        Ok(weights)
    }

    /// Overwrites all weights from a list `[output][input]`.
    ///
    /// # Errors
    /// If the list has the wrong length or a weight is not finite; nothing is changed then.
    pub fn set_rows(&mut self, rows: &[T]) -> Result<(), WeightsError> {
        let (outputs, inputs) = (self.outputs, self.inputs);
        if rows.len() != outputs * inputs {
            return Err(WeightsError::Count {
                outputs,
                inputs,
                expected: outputs * inputs,
                found: rows.len(),
            });
        }
        if let Some(index) = rows.iter().position(|weight| !weight.is_finite()) {
            return Err(WeightsError::NotFinite {
                output: index / inputs,
                input: index % inputs,
                value: rows[index].to_f64(),
            });
        }
        for (index, &weight) in rows.iter().enumerate() {
            self.set(index / inputs, index % inputs, weight);
        }
        Ok(())
    }

    /// As a list `[output][input]`.
    pub fn to_rows(&self) -> Vec<T> {
        (0..self.outputs * self.inputs)
            .map(|index| self.get(index / self.inputs, index % self.inputs))
            .collect()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs of each output.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The weight of one output from one input.
    pub fn get(&self, output: usize, input: usize) -> T {
        self.lanes[output / LANES * self.inputs + input][output % LANES]
    }

    /// Sets the weight of one output from one input.
    pub fn set(&mut self, output: usize, input: usize, weight: T) {
        self.version = OnceLock::new();
        self.lanes[output / LANES * self.inputs + input][output % LANES] = weight;
    }

    /// The storage `[block][input][16]`, lanes beyond the last output included.
    pub fn as_flat(&self) -> &[T] {
        self.lanes.as_flattened()
    }

    /// The storage `[block][input][16]`; lanes beyond the last output must stay zero.
    pub fn as_flat_mut(&mut self) -> &mut [T] {
        self.version = OnceLock::new();
        self.lanes.as_flattened_mut()
    }

    pub(crate) fn lanes(&self) -> &[Lanes<T>] {
        &self.lanes
    }

    pub(crate) fn lanes_mut(&mut self) -> &mut [Lanes<T>] {
        self.version = OnceLock::new();
        &mut self.lanes
    }

    /// A number that changes whenever a weight may have changed, and that only copies share.
    pub(crate) fn version(&self) -> u64 {
        *self.version.get_or_init(new_version)
    }
}
