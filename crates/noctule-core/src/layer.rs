//! Layers: each maps a time-sorted event list to a time-sorted event list, and errors back.
//!
//! Every layer has the same two verbs. [`Layer::forward`] reads the events of a batch and leaves its output events, and
//! all that the way back needs, on a [`Tape`]. [`Layer::backward`] reads the tape and the errors `dL/dt` of the output
//! events, adds to the gradient of the weights and returns the errors of the input events.

mod conv2d;
mod dense;
mod dropout;
mod initialise;
mod projected;
mod shape;
mod sum_pool2d;
mod weights;

use thiserror::Error;

use crate::engine::trace::Trace;
use crate::{Lif, Real, SpikeBatch};
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::DropoutError;
use dropout::Thinned;
pub use initialise::{Initialiser, InitialiserError};
pub use shape::{Shape, Window, WindowError};
pub use sum_pool2d::SumPool2d;
pub use weights::{Weights, WeightsError};

/// A layer that was given something of the wrong shape.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShapeError {
    /// A layer, or a network, has no neurons or no inputs.
    #[error("{what} must not be 0")]
    Empty {
        /// What was zero.
        what: &'static str,
    },
    /// The events come from a population of another size.
    #[error("layer {layer} takes {expected} inputs, but is given {found}")]
    Inputs {
        /// Index of the layer in its network, 0 for a layer on its own.
        layer: usize,
        /// Inputs of the layer.
        expected: usize,
        /// Neurons of the population that sends the events.
        found: usize,
    },
    /// The images are of another shape.
    #[error(
        "layer {layer} takes images of {expected} (height x width x channels), but is given {found}"
    )]
    Images {
        /// Index of the layer in its network.
        layer: usize,
        /// The shape of the images that the layer takes.
        expected: Shape,
        /// The shape that the layer before it has; a population without a layout is an image of one pixel.
        found: Shape,
    },
    /// A layer cannot be laid over its images.
    #[error("layer {layer}: {source}")]
    Window {
        /// Index of the layer in its network.
        layer: usize,
        /// What is wrong.
        source: WindowError,
    },
    /// The errors are not aligned with the output events.
    #[error("there are {expected} output events, but {found} errors")]
    Errors {
        /// Number of output events on the tape.
        expected: usize,
        /// Number of errors.
        found: usize,
    },
    /// A gradient was made for another network.
    #[error("the gradient was made for another network")]
    Gradient,
    /// The tape was recorded by another network, or nothing was recorded yet.
    #[error("the tape was not recorded by this network: run the forward pass first")]
    Tape,
}

/// What a forward pass leaves behind: the output events, and all that the backward pass needs.
///
/// A tape can be used again; it keeps its memory.
#[derive(Clone, Debug)]
pub struct Tape<T: Real> {
    pub(crate) output: SpikeBatch<T>,
    pub(crate) input_offsets: Vec<usize>,
    pub(crate) trace: Trace<T>,
    /// What decides which inputs are dropped; `None` for evaluation.
    pub(crate) dropout_seed: Option<u64>,
    /// What dropout left of the input.
    thinned: Option<Thinned<T>>,
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Self {
            output: SpikeBatch::new(0),
            input_offsets: vec![0],
            trace: Trace::default(),
            dropout_seed: None,
            thinned: None,
        }
    }

    /// Lets the coming forward passes drop inputs as in training, or, with `None`, see all of them.
    ///
    /// The seed decides which inputs are dropped; take another for every batch.
    pub fn set_dropout(&mut self, seed: Option<u64>) {
        self.dropout_seed = seed;
    }

    /// The events of `input` that the layer saw in the last forward pass.
    pub(crate) fn seen<'a>(&'a self, input: &'a SpikeBatch<T>) -> &'a SpikeBatch<T> {
        self.thinned
            .as_ref()
            .map_or(input, |thinned| &thinned.events)
    }

    /// The output events of the last forward pass.
    pub fn output(&self) -> &SpikeBatch<T> {
        &self.output
    }
}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A layer of any kind.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Layer<T> {
    /// Every neuron has a weight from every input.
    Dense(Dense<T>),
    /// Neurons look at windows of an image, with shared weights.
    Conv2d(Conv2d<T>),
    /// Spike trains of a window are merged.
    SumPool2d(SumPool2d),
}

impl<T: Real> Layer<T> {
    /// Number of neurons that send events to the layer.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Dense(layer) => layer.inputs(),
            Self::Conv2d(layer) => layer.input_shape().neurons(),
            Self::SumPool2d(layer) => layer.input_shape().neurons(),
        }
    }

    /// The shape of the images that the layer takes; `None` if it does not look at the layout.
    pub fn input_shape(&self) -> Option<Shape> {
        match self {
            Self::Dense(_) => None,
            Self::Conv2d(layer) => Some(layer.input_shape()),
            Self::SumPool2d(layer) => Some(layer.input_shape()),
        }
    }

    /// Number of neurons of the layer.
    pub fn outputs(&self) -> usize {
        self.output_shape().neurons()
    }

    /// How the neurons of the layer are laid out.
    pub fn output_shape(&self) -> Shape {
        match self {
            Self::Dense(layer) => Shape::flat(layer.outputs()),
            Self::Conv2d(layer) => layer.output_shape(),
            Self::SumPool2d(layer) => layer.output_shape(),
        }
    }

    /// The neuron, for layers that have neurons.
    pub fn neuron(&self) -> Option<&Lif<T>> {
        match self {
            Self::Dense(layer) => Some(layer.neuron()),
            Self::Conv2d(layer) => Some(layer.neuron()),
            Self::SumPool2d(_) => None,
        }
    }

    /// The weights, for layers that have weights.
    pub fn weights(&self) -> Option<&Weights<T>> {
        match self {
            Self::Dense(layer) => Some(layer.weights()),
            Self::Conv2d(layer) => Some(layer.weights()),
            Self::SumPool2d(_) => None,
        }
    }

    /// The weights, to change them.
    pub fn weights_mut(&mut self) -> Option<&mut Weights<T>> {
        match self {
            Self::Dense(layer) => Some(layer.weights_mut()),
            Self::Conv2d(layer) => Some(layer.weights_mut()),
            Self::SumPool2d(_) => None,
        }
    }

    /// Number of neurons that an event of an input neuron reaches; 0 for layers without neurons.
    pub fn fan_out(&self, input: u32) -> usize {
        match self {
            Self::Dense(layer) => layer.outputs(),
            Self::Conv2d(layer) => layer.fan_out(input),
            Self::SumPool2d(_) => 0,
        }
    }

    /// Output and input in [`weights`](Self::weights) of the weight that a neuron has from an input neuron, if any.
    pub(crate) fn weight_between(&self, output: usize, input: usize) -> Option<(usize, usize)> {
        match self {
            Self::Dense(_) => Some((output, input)),
            Self::Conv2d(layer) => layer.weight_between(output, input),
            Self::SumPool2d(_) => None,
        }
    }

    /// Runs the layer on a batch; the output events are on the tape afterwards.
    ///
    /// # Errors
    /// If the events come from a population of another size.
    pub fn forward(&self, input: &SpikeBatch<T>, tape: &mut Tape<T>) -> Result<(), ShapeError> {
        match self {
            Self::Dense(layer) => layer.forward(input, tape),
            Self::Conv2d(layer) => layer.forward(input, tape),
            Self::SumPool2d(layer) => layer.forward(input, tape),
        }
    }

    /// Goes back over a forward pass; see [`Dense::backward`].
    ///
    /// # Errors
    /// If the errors are not aligned with the output events.
    pub fn backward(
        &self,
        tape: &mut Tape<T>,
        errors: TimeErrors<'_, T>,
        gradient: Option<&mut Weights<T>>,
        want_input: bool,
    ) -> Result<Option<Vec<T>>, ShapeError> {
        match self {
            Self::Dense(layer) => {
                let gradient = gradient.ok_or(ShapeError::Gradient)?;
                layer.backward(tape, errors, gradient, want_input)
            }
            Self::Conv2d(layer) => {
                let gradient = gradient.ok_or(ShapeError::Gradient)?;
                layer.backward(tape, errors, gradient, want_input)
            }
            Self::SumPool2d(layer) => layer.backward(tape, errors, want_input),
        }
    }
}

impl<T> From<Dense<T>> for Layer<T> {
    fn from(layer: Dense<T>) -> Self {
        Self::Dense(layer)
    }
}

impl<T> From<Conv2d<T>> for Layer<T> {
    fn from(layer: Conv2d<T>) -> Self {
        Self::Conv2d(layer)
    }
}

impl<T> From<SumPool2d> for Layer<T> {
    fn from(layer: SumPool2d) -> Self {
        Self::SumPool2d(layer)
    }
}

/// The errors of a layer's output events.
#[derive(Clone, Copy, Debug)]
pub struct TimeErrors<'a, T> {
    /// `dL/dt` of each output event, aligned with the tape's output; positive: a later spike raises the loss.
    pub d_times: &'a [T],
    /// The largest inverse slope `1/(du/dt)` of a spike that is let through, in seconds per unit of potential: a guard
    /// against the huge gradients of spikes that only just reached the threshold. Infinity leaves the gradient exact.
    pub max_inverse_slope: T,
}

impl<'a, T: Real> TimeErrors<'a, T> {
    /// Errors whose gradient is exact.
    pub fn exact(d_times: &'a [T]) -> Self {
        Self {
            d_times,
            max_inverse_slope: T::infinity(),
        }
    }

    /// Whether they belong to what a layer of `outputs` neurons left on a tape.
    fn check(&self, tape: &Tape<T>, outputs: usize) -> Result<(), ShapeError> {
        if tape.output.population() != outputs {
            return Err(ShapeError::Tape);
        }
        if self.d_times.len() != tape.output.spikes() {
            return Err(ShapeError::Errors {
                expected: tape.output.spikes(),
                found: self.d_times.len(),
            });
        }
        Ok(())
    }
}
