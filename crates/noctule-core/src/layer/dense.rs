//! A fully connected layer.

use super::projected;
use super::{ShapeError, Tape, TimeErrors, Weights};
use crate::engine::project::Projection;
use crate::{Lif, Real, SpikeBatch};

/// A layer of neurons in which every neuron has a weight from every input.
///
/// ```
/// use noctule_core::{Dense, Lif, LifParameters, SpikeBatch, Tape, TimeErrors, Weights};
///
/// let neuron = Lif::new(&LifParameters {
///     tau_m: 0.020, tau_s: 0.010, theta: 1.0, reset: 1.0, max_spikes: 5, t_max: 0.1,
/// })?;
/// let layer = Dense::new(neuron, Weights::from_rows(1, 2, &[300.0_f64, 200.0])?)?;
///
/// let mut input = SpikeBatch::new(2);
/// input.push_sample([(0.000, 0), (0.004, 1)])?;
/// let mut tape = Tape::new();
/// layer.forward(&input, &mut tape)?;
/// assert_eq!(tape.output().spikes(), 3);
///
/// // How do the weights move the first spike?
/// let mut gradient = Weights::zeros(1, 2);
/// let d_times = [1.0, 0.0, 0.0];
/// layer.backward(&tape, TimeErrors::exact(&d_times), &mut gradient, false)?;
/// assert!(gradient.get(0, 0) < 0.0); // A larger weight makes it earlier.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dense<T> {
    neuron: Lif<T>,
    weights: Weights<T>,
}

impl<T: Real> Dense<T> {
    /// A layer of equal neurons; `weights` has shape `[outputs][inputs]`.
    ///
    /// # Errors
    /// If there are no outputs or no inputs.
    pub fn new(neuron: Lif<T>, weights: Weights<T>) -> Result<Self, ShapeError> {
        for (what, count) in [
            ("the number of neurons of a layer", weights.outputs()),
            ("the number of inputs of a layer", weights.inputs()),
        ] {
            if count == 0 {
                return Err(ShapeError::Empty { what });
            }
        }
        Ok(Self { neuron, weights })
    }

    /// Number of inputs of each neuron.
    pub fn inputs(&self) -> usize {
        self.weights.inputs()
    }

    /// Number of neurons.
    pub fn outputs(&self) -> usize {
        self.weights.outputs()
    }

    /// The neuron.
    pub fn neuron(&self) -> &Lif<T> {
        &self.neuron
    }

    /// The weights; shape `[outputs][inputs]`.
    pub fn weights(&self) -> &Weights<T> {
        &self.weights
    }

    /// The weights, to change them.
    pub fn weights_mut(&mut self) -> &mut Weights<T> {
        &mut self.weights
    }

    /// Runs the layer on a batch; the output events are on the tape afterwards.
    ///
    /// # Errors
    /// If the events come from a population of another size.
    pub fn forward(&self, input: &SpikeBatch<T>, tape: &mut Tape<T>) -> Result<(), ShapeError> {
        projected::forward(self.projection(), self.inputs(), input, tape)
    }

    /// Goes back over a forward pass: adds `dL/dw` to `gradient` and, if wanted, returns `dL/dt` of each input event.
    ///
    /// # Errors
    /// If the errors are not aligned with the output events, or the gradient or the tape has another shape.
    pub fn backward(
        &self,
        tape: &Tape<T>,
        errors: TimeErrors<'_, T>,
        gradient: &mut Weights<T>,
        want_input: bool,
    ) -> Result<Option<Vec<T>>, ShapeError> {
        projected::backward(self.projection(), tape, errors, gradient, want_input)
    }

    fn projection(&self) -> Projection<'_, T> {
        Projection {
            neuron: &self.neuron,
            neurons: self.outputs(),
            rows: self.inputs(),
            weights: self.weights.lanes(),
            patches: None,
        }
    }
}
