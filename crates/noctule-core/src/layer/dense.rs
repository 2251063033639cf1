//! A fully connected layer.

use super::dropout::Dropout;
use super::{DropoutError, projected};
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
/// layer.backward(&mut tape, TimeErrors::exact(&d_times), &mut gradient, false)?;
/// assert!(gradient.get(0, 0) < 0.0); // A larger weight makes it earlier.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dense<T> {
    neuron: Lif<T>,
    weights: Weights<T>,
    dropout: Option<Dropout<T>>,
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
        Ok(Self {
            neuron,
            weights,
            dropout: None,
        })
    }

    /// Drops this share of the inputs in training: in forward passes on a tape with a
    /// [dropout seed](Tape::set_dropout). Other passes see all inputs, with a threshold and a reset that are higher by
    /// `1/(1 - share)`.
    ///
    /// # Errors
    /// If the share is not a number from 0 to below 1.
    pub fn with_dropout(mut self, share: f64) -> Result<Self, DropoutError> {
        self.dropout = match share {
            0.0 => None,
            _ => Some(Dropout::new(share, &self.neuron)?),
        };
        Ok(self)
    }

    /// The share of the inputs that are dropped in training.
    pub fn dropout(&self) -> f64 {
        self.dropout.map_or(0.0, |dropout| dropout.share())
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
        tape.thinned = match (self.dropout, tape.dropout_seed) {
            (Some(dropout), Some(seed)) => Some(dropout.thin(input, seed)),
            _ => None,
        };
        let Some(thinned) = tape.thinned.take() else {
            return projected::forward(self.projection(false), self.inputs(), input, tape);
        };
        projected::forward(self.projection(true), self.inputs(), &thinned.events, tape)?;
        tape.input_offsets.clear();
        tape.input_offsets.extend_from_slice(input.offsets());
        tape.thinned = Some(thinned);
        Ok(())
    }

    /// Goes back over a forward pass: adds `dL/dw` to `gradient` and, if wanted, returns `dL/dt` of each input event. It
    /// can be done again: of the tape, only memory changes.
    ///
    /// # Errors
    /// If the errors are not aligned with the output events, or the gradient or the tape has another shape.
    pub fn backward(
        &self,
        tape: &mut Tape<T>,
        errors: TimeErrors<'_, T>,
        gradient: &mut Weights<T>,
        want_input: bool,
    ) -> Result<Option<Vec<T>>, ShapeError> {
        let projection = self.projection(tape.thinned.is_some());
        let d_seen = projected::backward(projection, tape, errors, gradient, want_input)?;
        let Some(thinned) = &tape.thinned else {
            return Ok(d_seen);
        };
        let events = tape.input_offsets.last().copied().unwrap_or(0);
        Ok(d_seen.map(|d_seen| thinned.spread(&d_seen, events)))
    }

    fn projection(&self, is_thinned: bool) -> Projection<'_, T> {
        let evaluating = self.dropout.as_ref().filter(|_| !is_thinned);
        Projection {
            neuron: evaluating.map_or(&self.neuron, |dropout| &dropout.evaluating),
            neurons: self.outputs(),
            weights: &self.weights,
            patches: None,
        }
    }
}
